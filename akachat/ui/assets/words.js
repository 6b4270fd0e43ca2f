// The page's words in the visitor's language: the browser's, unless the settings or the visitor say otherwise.

const TEXTS = window.AKACHAT_TEXTS; // in the page's head, once for all tabs
const LANGUAGE_KEY = "akachat:language";
let language = chosenLanguage() ?? (["ja", "en"].includes(FACTS.language) ? FACTS.language : browserLanguage());

function browserLanguage() {
  return /^ja\b/i.test(navigator.language ?? "") ? "ja" : "en";
}

function chosenLanguage() {
  try {
    const chosen = localStorage.getItem(LANGUAGE_KEY);
    return chosen === "ja" || chosen === "en" ? chosen : null;
  } catch {
    return null; // storage is switched off: the page works without it
  }
}

/** A word of the table, with {name} replaced. */
function t(key, values) {
  const word = TEXTS[language][key] ?? key;
  return values ? word.replace(/\{(\w+)\}/g, (all, name) => (name in values ? values[name] : all)) : word;
}

/** What the server says, in the page's language: it comes in both, as {en, ja}. */
const said = (words) => (words && typeof words === "object" ? words[language] : words);

const known = (key) => key in TEXTS[language];

/** Writes a word onto an element, and remembers it there for a change of language. */
function say(node, where, key, values) {
  node.dataset[`t${where}`] = values ? JSON.stringify([key, values]) : key;
  const word = t(key, values);
  if (where === "text") node.textContent = word;
  else if (where === "label") node.setAttribute("aria-label", word);
  else node.setAttribute(where, word);
}

function relabel(root) {
  for (const where of ["text", "label", "title", "placeholder"]) {
    for (const node of root.querySelectorAll(`[data-t${where}]`)) {
      const kept = node.dataset[`t${where}`];
      if (kept.startsWith("[")) say(node, where, ...JSON.parse(kept));
      else say(node, where, kept);
    }
  }
}

function setLanguage(next) {
  language = next;
  document.documentElement.lang = next;
  // Gradio translates its own labels by the browser's language alone.
  const strip = "#ak-tabs > .tab-wrapper";
  document.querySelectorAll(`${strip} .tab-container[role="tablist"] button[role="tab"], ${strip} .overflow-dropdown button`).forEach((tab) => {
    // The text in its own node: Gradio writes another tab's name there when it moves that one out of its menu.
    const text = [...tab.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const key = text && Object.keys(TEXTS.en).find((key) => key.startsWith("tab_") && Object.values(TEXTS).some((words) => words[key] === text.data.trim()));
    if (key && text.data.trim() !== t(key)) text.data = t(key);
  });
}
