// The header: the name, the language and the light; it stands above every tab.

const shell = element.querySelector(".ak-header");

function face() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "ak-face");
  const shapes = [
    ["circle", { cx: 12, cy: 13, r: 9.5, class: "ak-face-skin" }],
    ["path", { d: "M12 3.5c-.2-1.6 1-2.6 2.4-2.2", class: "ak-face-line" }],
    ["circle", { cx: 8.6, cy: 12.4, r: 1.15, class: "ak-face-eye" }],
    ["circle", { cx: 15.4, cy: 12.4, r: 1.15, class: "ak-face-eye" }],
    ["path", { d: "M9.6 16.2c1.4 1.5 3.4 1.5 4.8 0", class: "ak-face-line ak-face-mouth" }],
  ];
  for (const [tag, attributes] of shapes) {
    const shape = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    svg.append(shape);
  }
  return svg;
}

function announceLanguage(next, chosen) {
  setLanguage(next);
  if (chosen) {
    try {
      localStorage.setItem(LANGUAGE_KEY, next);
    } catch {
      // storage is switched off: the choice lasts until the page is left
    }
  }
  relabel(shell);
  document.dispatchEvent(new CustomEvent("akachat:language", { detail: next }));
}

const THEME_KEY = "akachat:theme";
function setDark(dark) {
  document.body.classList.toggle("dark", dark);
}
try {
  const theme = localStorage.getItem(THEME_KEY);
  if (theme) setDark(theme === "dark");
} catch {
  // storage is switched off: the system's choice stands
}

shell.append(
  h("div", { class: "ak-brand" }, face(), h("h1", { text: FACTS.title })),
  h(
    "div",
    { class: "ak-header-end" },
    h("button", {
      type: "button",
      class: "ak-button ak-quiet",
      t: "language",
      tTitle: "language_switch",
      onclick: () => announceLanguage(language === "ja" ? "en" : "ja", true),
    }),
    button({
      label: "theme_switch",
      glyph: "moon",
      kind: "ak-quiet",
      onclick: () => {
        const dark = !document.body.classList.contains("dark");
        setDark(dark);
        try {
          localStorage.setItem(THEME_KEY, dark ? "dark" : "light");
        } catch {
          // as above
        }
      },
    }),
  ),
);
document.addEventListener("akachat:settings-language", (event) => {
  if (!chosenLanguage() && event.detail && event.detail !== language) announceLanguage(event.detail, false);
});
// Gradio's menu of the tabs that do not fit is made when it opens, and changes the strip when a tab is chosen in it.
document.addEventListener("click", (event) => event.target.closest?.("#ak-tabs > .tab-wrapper") && setTimeout(() => setLanguage(language), 50));
setLanguage(language);
