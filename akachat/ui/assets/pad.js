// The VarN tab: ten fields side by side with what each becomes; everything typed is kept in this browser.

const root = element.querySelector(".ak-page");
const NAMES = Array.from({ length: 10 }, (none, index) => `var${index + 1}`);
const rows = new Map();
let drafts = makeDrafts("");
let saved = {};
let running = null; // {name, id} of the run under way

const problem = h("div", { role: "alert" });
const note = h("span", { class: "ak-toast", role: "status", "aria-live": "polite" });
const about = h("p", { class: "ak-help ak-pad-about" });
const dirty = h("span", { class: "ak-dirty", hidden: true }, h("span", { class: "ak-dot", "aria-hidden": "true" }), h("span", { t: "unsaved" }));
const revertButton = button({ word: "pad_revert", label: "pad_revert", glyph: "undo", kind: "ak-quiet", hidden: true, onclick: () => (fill(saved), keep(), renderNow()) });
const example = button({ word: "pad_example", label: "pad_example", onclick: showExample });
const input = h("textarea", { id: "ak-pad-input", rows: "1", oninput: typed, oncompositionend: typed });
const prompt = h("select", { id: "ak-pad-prompt" });
const file = h("input", { type: "file", accept: ".json,application/json", hidden: true, onchange: load });

root.append(
  h(
    "div",
    { class: "ak-pad" },
    h("header", { class: "ak-pad-head" }, about, example, h("span", { class: "ak-spring" }), note, dirty, revertButton,
      button({ word: "pad_load", label: "pad_load", kind: "ak-quiet", onclick: () => file.click() }),
      button({ word: "pad_download", label: "pad_download", kind: "ak-quiet", onclick: download }),
      button({ word: "pad_save", label: "pad_save_help", kind: "ak-primary", onclick: save }),
      file,
    ),
    problem,
    h("div", { class: "ak-pad-ask" },
      h("label", { for: "ak-pad-input", t: "pad_input" }), input,
      h("label", { for: "ak-pad-prompt", t: "pad_options" }), prompt,
    ),
    h("div", { class: "ak-pad-fields" }, NAMES.map(makeRow)),
  ),
);

function makeRow(name) {
  const area = h("textarea", { class: "ak-pad-area", id: `ak-pad-${name}`, rows: "2", spellcheck: "false", autocapitalize: "off", oninput: typed, oncompositionend: typed });
  const result = h("div", { class: "ak-pad-result", "data-testid": `result-${name}` });
  const answer = h("div", { class: "ak-pad-answer", "aria-live": "polite" });
  const runButton = button({ word: "pad_run", label: "pad_run_help", glyph: "play", filled: true, kind: "ak-quiet", onclick: () => run(name) });
  const stopButton = button({ word: "pad_stop", label: "stop_help", glyph: "stop", filled: true, kind: "ak-quiet", hidden: true, onclick: stop });
  rows.set(name, { area, result, answer, runButton, stopButton });
  return h(
    "section",
    { class: "ak-panel ak-pad-field" },
    h("header", { class: "ak-panel-head" }, h("label", { for: area.id }, h("code", { text: name })), h("span", { class: "ak-spring" }), stopButton, runButton),
    area,
    result,
    answer,
  );
}

const values = () => Object.fromEntries(NAMES.map((name) => [name, rows.get(name).area.value]));
const filled = () => Object.fromEntries(Object.entries(values()).filter(([, text]) => text));

function complain(error) {
  problem.replaceChildren(...(error ? [errorCard(error)] : []));
  return Boolean(error);
}

function announce(key) {
  say(note, "text", key);
  note.classList.remove("ak-shown");
  void note.offsetWidth; // restarts the fading
  note.classList.add("ak-shown");
}

function fill(fields) {
  for (const [name, { area }] of rows) {
    area.value = fields[name] ?? "";
    grow(area);
  }
}

function grow(area) {
  area.rows = Math.min(14, Math.max(2, area.value.split("\n").length));
}

// --- what is typed

function typed(event) {
  if (event.target.classList.contains("ak-pad-area")) grow(event.target);
  keep();
  if (!event.isComposing) renderSoon();
}

function keep() {
  const changed = !same(values(), { ...Object.fromEntries(NAMES.map((name) => [name, ""])), ...saved });
  drafts.keepAside("pad", { fields: changed ? values() : null, input: input.value });
  dirty.hidden = !changed;
  revertButton.hidden = !changed;
  example.hidden = Object.keys(filled()).length > 0;
}

function showExample() {
  fill({ var1: t("pad_example_1"), var2: t("pad_example_2") });
  if (!input.value) input.value = t("pad_example_input");
  keep();
  renderNow();
}

let asking = false;
let again = false;
async function renderNow() {
  renderSoon.cancel();
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  const answer = await ask("pad_render", { fields: filled(), input: input.value });
  asking = false;
  if (again) {
    again = false;
    return renderNow();
  }
  if (complain(answer.error)) return;
  for (const [name, { result }] of rows) {
    const found = answer.fields[name];
    const shown = !found ? [] : found.error ? [errorCard(found.error, (line, column) => goTo(name, line, column))] : [h("span", { class: "ak-pad-word", t: "pad_result" }), h("div", { class: "ak-pad-text", text: found.text })];
    result.replaceChildren(...shown);
  }
}
const renderSoon = debounce(renderNow, 300);

function goTo(name, line, column) {
  const { area } = rows.get(name);
  const lines = area.value.split("\n");
  const before = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  const at = before + Array.from(lines[line - 1] ?? "").slice(0, Math.max(0, column - 1)).join("").length;
  area.focus();
  area.setSelectionRange(at, at);
}

// --- the file

async function save() {
  const answer = await ask("pad_save", { fields: values() });
  if (complain(answer.error)) return;
  saved = answer.fields;
  keep();
  announce("pad_saved");
}

function download() {
  const link = h("a", { href: URL.createObjectURL(new Blob([`${JSON.stringify(filled(), null, 2)}\n`], { type: "application/json" })), download: "varn.json" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function load() {
  const [chosen] = file.files;
  file.value = "";
  if (!chosen) return;
  let fields;
  try {
    fields = JSON.parse(await chosen.text());
  } catch {
    fields = null;
  }
  const right = fields && typeof fields === "object" && !Array.isArray(fields) && Object.entries(fields).every(([name, text]) => NAMES.includes(name) && typeof text === "string");
  if (!right) return complain({ type: "InvalidInput", message: t("pad_wrong_file") });
  complain(null);
  fill(fields);
  keep();
  renderNow();
}

// --- running

async function run(name) {
  if (running) return;
  const { answer, runButton, stopButton } = rows.get(name);
  const id = crypto.randomUUID?.() ?? `pad-${Date.now()}-${Math.random().toString(36).slice(2)}`;
  running = { name, id };
  runButton.hidden = true;
  stopButton.hidden = false;
  answer.replaceChildren(h("span", { class: "ak-help", t: "pad_running" }));
  const found = await ask("pad_run", { fields: filled(), name, prompt: prompt.value, input: input.value, id });
  running = null;
  runButton.hidden = false;
  stopButton.hidden = true;
  answer.replaceChildren(
    ...(found.error
      ? [errorCard(found.error, (line, column) => goTo(name, line, column))]
      : [h("span", { class: "ak-pad-word", t: "pad_answer" }), h("div", { class: "ak-pad-text", text: found.text }), h("span", { class: "ak-help", text: t("pad_answer_facts", { model: found.model, s: seconds(found.seconds) }) })]),
  );
}

function stop() {
  if (running) ask("pad_stop", { id: running.id });
}

document.addEventListener(
  "keydown",
  (event) => {
    if (event.isComposing || event.keyCode === 229 || root.offsetParent === null) return;
    const command = event.ctrlKey || event.metaKey;
    const name = document.activeElement?.id.replace("ak-pad-", "");
    const act = command && event.key.toLowerCase() === "s" && !event.shiftKey ? save : event.key === "Escape" && running ? stop : command && event.key === "Enter" && rows.has(name) ? () => run(name) : null;
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  },
  { capture: true },
);

document.addEventListener("akachat:language", (event) => {
  setLanguage(event.detail);
  relabel(root);
  about.replaceChildren(...prose(t("pad_about")));
  renderNow();
});

async function begin() {
  about.replaceChildren(...prose(t("pad_about")));
  const answer = await ask("pad_load");
  if (complain(answer.error)) return setTimeout(begin, 3000);
  saved = answer.fields;
  prompt.replaceChildren(h("option", { value: "", t: "pad_options_none" }), ...answer.prompts.map((name) => h("option", { value: name, text: name })));
  drafts = makeDrafts(answer.workspace);
  const kept = drafts.aside("pad") ?? {};
  fill(kept.fields ?? saved);
  input.value = kept.input ?? "";
  keep();
  if (Object.keys(filled()).length) renderNow();
  root.dataset.padReady = "";
}
begin();
