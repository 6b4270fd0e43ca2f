// Making elements: text only ever becomes text nodes, so nothing that a model or a file says can become markup.

const ICONS = {
  plus: "M8 3v10M3 8h10",
  reload: "M13 8a5 5 0 1 1-1.5-3.5M13 2v3h-3",
  trash: "M3 4.5h10M6.5 4V2.5h3V4M4.5 4.5l.5 9h6l.5-9",
  copy: "M6 6h7v7H6zM10 6V3H3v7h3",
  play: "M5 3l8 5-8 5z",
  stop: "M4 4h8v8H4z",
  close: "M4 4l8 8M12 4l-8 8",
  undo: "M3 6h6a4 4 0 0 1 0 8H6M3 6l3-3M3 6l3 3",
  moon: "M13 9.5A5.5 5.5 0 1 1 6.5 3 4.5 4.5 0 0 0 13 9.5z",
};

/** An element with attributes, listeners (onclick: f) and children; `t*` keys name words of the table. */
function h(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "text") node.textContent = value;
    else if (key === "t") say(node, "text", value);
    else if (key === "tLabel") say(node, "label", value);
    else if (key === "tTitle") say(node, "title", value);
    else if (key === "tPlaceholder") say(node, "placeholder", value);
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked" || key === "disabled" || key === "open") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A sentence as nodes: what stands between backticks is code. */
function prose(text) {
  return text.split(/`([^`]+)`/).map((part, index) => (index % 2 ? h("code", { text: part }) : part));
}

function icon(name, filled = false) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", filled ? "ak-icon ak-filled" : "ak-icon");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A small button; one without a word beside its icon has its label for screen readers. */
function button({ word, label, help, glyph, filled, kind = "", onclick, ...rest }) {
  return h(
    "button",
    { type: "button", class: `ak-button ${kind}`, tLabel: word ? null : label, tTitle: help ?? label, onclick, ...rest },
    glyph && icon(glyph, filled),
    word && h("span", { t: word }),
  );
}

/** A row of choices of which one is on: [{id, word}]; arrow keys move, as in any radio group. */
function segments(label, choices, chosen, onchange) {
  const buttons = choices.map(({ id, word }) =>
    h("button", { type: "button", role: "radio", class: "ak-segment", "data-id": id, t: word, onclick: () => choose(id, true) }),
  );
  const row = h("div", { class: "ak-segments", role: "radiogroup", tLabel: label }, buttons);
  function choose(id, told) {
    for (const b of buttons) {
      const on = b.dataset.id === id;
      b.setAttribute("aria-checked", String(on));
      b.tabIndex = on ? 0 : -1;
    }
    row.dataset.chosen = id;
    if (told) onchange(id);
  }
  row.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length];
    next.focus();
    choose(next.dataset.id, true);
  });
  choose(chosen, false);
  row.choose = (id, told = true) => choose(id, told);
  return row;
}

/** Calls f once things have been quiet for a while. */
function debounce(f, milliseconds) {
  let timer = 0;
  const later = (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => f(...values), milliseconds);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

const seconds = (value) => (value < 0.095 ? value.toFixed(3) : value < 9.95 ? value.toFixed(2) : value.toFixed(1));
const same = (a, b) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}
