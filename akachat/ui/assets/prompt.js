// The prompt tab: puts the parts together, keeps the state, and speaks with the server.

document.documentElement.lang = language;
const root = element.querySelector(".ak-page");
let catalog = { prompts: [], variables: [], functions: [], libraries: [], models: [] };
let drafts = makeDrafts("");
let name = null; // the open prompt; null for one that has no name yet
let saved = { instruction: "", options: {} };
let opening = 0; // counts what was chosen, so that a late answer does not replace a newer one
let running = null; // the id of the run under way
let sent = null; // the run whose rendering is in the preview
let lastFrame = null; // the newest state of the run that was seen
let asked = null; // what the last run was asked, to go on with its answer
let before = { text: "", reasoning: "" }; // what had been said when the run under way was to go on with it

const SAMPLE = "sample"; // the shipped prompt; sample_en says the same in English
const EMPTY = { instruction: "", options: { location: "Local", model: "embedded" } };

// --- the parts

const editor = makeEditor((composing) => changed(composing));
const models = makeModels();
const form = makeForm(() => changed(false), models);
const inserts = makeInserts((code) => editor.insert(code));
const preview = makePreview((line, column) => editor.goTo(line, column), () => refresh.now());
const answer = makeAnswer(goOn);
const problem = h("div", { class: "ak-problem", "data-testid": "problem" });
const select = h("select", { class: "ak-prompts", tLabel: "prompt_name", tTitle: "prompt_name", onchange: () => open(select.value === "" ? null : select.value) });
const dirty = h("span", { class: "ak-dirty", hidden: true }, h("span", { class: "ak-dot", "aria-hidden": "true" }), h("span", { t: "unsaved" }));
const discard = button({ word: "discard", label: "discard_help", glyph: "undo", kind: "ak-quiet", hidden: true, onclick: revert });
const note = h("span", { class: "ak-toast", role: "status", "aria-live": "polite" });
const model = makeModelState(ask, (models) => (catalog.models = models));
const runButton = button({ word: "run", label: "run_help", glyph: "play", filled: true, kind: "ak-primary ak-run", onclick: run });
const stopButton = button({ word: "stop", label: "stop_help", glyph: "stop", filled: true, kind: "ak-stop", hidden: true, onclick: stop });
const undo = makeUndo(root);
// What is done seldom: each component gives its entries.
const more = moreMenu([
  ...promptEntries(root, { name: () => name, content: current, put, drafts: () => drafts, take: (prompts) => (catalog.prompts = prompts), open, complain, announce, undo }),
  null,
  { word: "import", glyph: "into", onclick: () => openImport(root, imported) },
  { word: "export", glyph: "out", enabled: () => name !== null, onclick: () => openExport(root, name, isDirty(), (file) => announce("exported", { name: file.file })) },
]);
const input = h("textarea", { class: "ak-input", id: "ak-input", tPlaceholder: "input_empty", rows: "3", oninput: typed, oncompositionend: typed });
const history = h("textarea", { class: "ak-input", tLabel: "history", tPlaceholder: "history_empty", rows: "4", oninput: typed, oncompositionend: typed });
const rawBadge = h("span", { class: "ak-badge ak-raw", t: "raw", tTitle: "raw_help", hidden: true, "data-testid": "raw" });
const historyBox = h("details", { class: "ak-history" }, h("summary", { t: "history" }), history);
const keep = h("input", { type: "checkbox", id: "ak-keep", onchange: () => keepAside() });
const side = h("div", { class: "ak-side-body" }, form.node);
const sideTabs = segments("options", [{ id: "options", word: "options" }, { id: "insert", word: "insert" }], "options", (id) => {
  side.replaceChildren(id === "options" ? form.node : inserts.node);
  form.views.hidden = id !== "options";
});

root.append(
  h(
    "div",
    { class: "ak-bar", role: "group", tLabel: "toolbar" },
    h(
      "div",
      { class: "ak-bar-file" },
      select,
      button({ word: "save", label: "save_help", kind: "ak-save", onclick: save }),
      button({ word: "save_as", label: "save_as", kind: "ak-quiet ak-wide", onclick: saveAs }),
      button({ word: "new", label: "new", glyph: "plus", kind: "ak-quiet", onclick: () => open(null) }),
      button({ label: "reload_help", glyph: "reload", kind: "ak-quiet", onclick: reload }),
      more,
      dirty,
      discard,
      note,
    ),
    h("div", { class: "ak-bar-run" }, model.node, stopButton, runButton),
  ),
  h(
    "div",
    { class: "ak-columns" },
    h(
      "section",
      { class: "ak-column ak-write" },
      h("section", { class: "ak-panel ak-instruction" }, h("header", { class: "ak-panel-head" }, h("h2", { t: "instruction" })), editor.node),
      problem,
      h(
        "section",
        { class: "ak-panel ak-ask" },
        h(
          "header",
          { class: "ak-panel-head" },
          h("label", { for: "ak-input" }, h("h2", { t: "input" })),
          rawBadge,
          h("span", { class: "ak-spring" }),
          h("label", { class: "ak-check", for: "ak-keep", tTitle: "keep_help" }, keep, h("span", { t: "keep" })),
        ),
        input,
        historyBox,
      ),
    ),
    h("section", { class: "ak-column ak-side ak-panel" }, h("header", { class: "ak-panel-head" }, sideTabs, h("span", { class: "ak-spring" }), form.views), side),
    h("section", { class: "ak-column ak-see" }, preview.node, answer.node),
  ),
);

// --- the server

function complain(error) {
  problem.replaceChildren(...(error ? [errorCard(error, (line, column) => editor.goTo(line, column))] : []));
  problem.error = error;
  editor.mark(error);
  form.complain(error?.message ?? "");
}

function announce(key, values) {
  note.textContent = "";
  say(note, "text", key, values);
  note.classList.remove("ak-shown");
  void note.offsetWidth; // restarts the fading
  note.classList.add("ak-shown");
}

// --- the open prompt

function current() {
  return { instruction: editor.value, options: form.value };
}
const isDirty = () => editor.value !== saved.instruction || !same(form.value, saved.options);

function changed(composing) {
  keepDraft();
  if (!composing) refresh();
}

function typed(event) {
  keepAside();
  if (!event.isComposing) refresh();
}

function keepDraft() {
  const is = isDirty();
  if (is) drafts.keep(name, { ...current(), base: saved });
  else drafts.drop(name);
  dirty.hidden = !is;
  discard.hidden = !is;
  listPrompts();
}

function keepAside() {
  drafts.keepAside(name, { input: input.value, messages: history.value, keep: keep.checked });
}

function listPrompts() {
  const unsaved = drafts.names();
  const names = name !== null && !catalog.prompts.includes(name) ? [...catalog.prompts, name] : catalog.prompts;
  const options = names.map((n) => [n, unsaved.has(n) && n !== name ? `${n}  · ${t("draft_mark")}` : n]);
  if (name === null || unsaved.has("\u0000new")) options.push(["", t("new_prompt")]);
  const key = JSON.stringify([options, name]);
  if (select.dataset.key === key) return;
  select.dataset.key = key;
  select.replaceChildren(...options.map(([value, text]) => h("option", { value, text })));
  select.value = name ?? "";
}

/** Shows a prompt: what is saved, and over it what was typed and never saved. */
function show(next, content, { draft = true } = {}) {
  name = next;
  saved = content;
  const kept = draft ? drafts.draft(name) : null;
  editor.value = (kept ?? saved).instruction;
  form.value = (kept ?? saved).options;
  const aside = drafts.aside(name) ?? {};
  input.value = aside.input ?? input.value;
  history.value = aside.messages ?? "";
  historyBox.open = Boolean(history.value);
  keep.checked = aside.keep === true;
  drafts.keepOpened(name);
  root.dataset.open = name ?? "";
  complain(null);
  keepDraft();
  know();
  if (kept && isDirty()) announce(same(kept.base, saved) ? "draft_back" : "draft_old");
  refresh.now();
}

async function open(next, options) {
  if (next === null) {
    opening++;
    return show(null, EMPTY, options);
  }
  const mine = ++opening;
  const result = await ask("open_prompt", { name: next });
  if (mine !== opening) return; // another was chosen meanwhile
  if (result.error) {
    complain(result.error);
    listPrompts();
    select.value = name ?? "";
    return;
  }
  show(result.name, { instruction: result.instruction, options: result.options }, options);
}

function revert() {
  drafts.drop(name);
  editor.replace(saved.instruction); // so that it can be undone
  show(name, saved, { draft: false });
}

async function reload() {
  await Promise.all([readCatalog(), readChoices()]);
  if (name !== null) await open(name);
  if (!problem.error) announce("reloaded");
}

function know() {
  inserts.show(catalog, name);
  editor.know(catalog, name);
}

async function readCatalog() {
  const result = await ask("catalog");
  if (result.error) return complain(result.error);
  take(result);
}

/** What the form's fields offer; a broken models.json is told, and the rest of the page goes on. */
async function readChoices() {
  const result = await ask("choices");
  if (result.error) return complain(result.error);
  models.take(result);
  form.showFacts();
}

function take(result) {
  catalog = { ...catalog, ...Object.fromEntries(Object.entries(result).filter(([key]) => key in catalog)) };
  form.catalog(catalog);
  know();
  listPrompts();
  model.take(result);
}

async function store(target, fresh) {
  if (form.wrong) return { error: { type: "InvalidInput", message: t("error_options"), hint: form.wrong } };
  const content = current();
  const result = await ask("save_prompt", { name: target, new: fresh, ...content });
  if (result.error || result.exists) return result;
  if (target !== name) drafts.drop(name);
  drafts.drop(result.name);
  const aside = { input: input.value, messages: history.value, keep: keep.checked };
  catalog.prompts = result.prompts;
  name = result.name;
  saved = { instruction: result.instruction, options: result.options };
  // What was typed while the file was being written stays typed.
  if (editor.value === content.instruction && same(form.value, content.options)) {
    editor.value = saved.instruction;
    form.value = saved.options;
  }
  drafts.keepOpened(name);
  drafts.keepAside(name, aside);
  keepDraft();
  complain(null);
  refresh();
  announce("saved", { name });
  return null;
}

async function save() {
  if (name === null) return saveAs();
  const result = await store(name, false);
  if (result) complain(result.error);
}

function saveAs() {
  askName(root, name ?? "", (target, replace) => store(target, !replace && target !== name));
}

/** Puts a content into the editor, to be looked at and saved. */
function put(content) {
  editor.value = content.instruction;
  form.value = content.options;
  changed(false);
}

async function imported(answer) {
  catalog.prompts = answer.names;
  const names = answer.prompts.map((prompt) => prompt.name);
  for (const each of names) drafts.drop(each);
  await readCatalog();
  if (names.length) await open(names[0]);
  const example = answer.examples.some[0]?.input;
  if (example && !input.value) {
    input.value = example;
    keepAside();
    refresh();
  }
  announce("imported", { names: names.join(", ") });
}

// --- the live preview: at most one question under way, and the newest text is always asked about

const request = () => ({
  prompt: name !== null && catalog.prompts.includes(name) ? name : "",
  ...current(),
  input: input.value,
  messages: history.value,
});

const refresh = (() => {
  let asking = false;
  let again = false;
  let epoch = 0; // a run shows what it really sent; answers to older questions must not cover that
  async function now() {
    later.cancel();
    rawBadge.hidden = !input.value.startsWith("\\");
    if (form.wrong) return complain({ type: "InvalidInput", message: t("error_options"), hint: form.wrong });
    if (!editor.value.trim() && !input.value.trim() && !history.value.trim()) {
      complain(null);
      preview.show(null);
      return;
    }
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    const mine = epoch;
    const patience = setTimeout(preview.preparing, 500);
    const tokens = preview.tokens;
    const result = await ask("preview", { ...request(), tokens });
    clearTimeout(patience);
    asking = false;
    if (again) {
      again = false;
      return now();
    }
    if (mine !== epoch) return;
    if (result.error) {
      complain(result.error);
      preview.stale();
      return;
    }
    complain(null);
    preview.show(result.rendered, false, tokens);
    form.effective(result.rendered.options);
    form.unknown(result.unknown);
    showModel();
  }
  const later = debounce(now, 300);
  const refresh = () => {
    showModel();
    rawBadge.hidden = !input.value.startsWith("\\");
    later();
  };
  refresh.now = now;
  refresh.forget = () => {
    later.cancel();
    epoch++;
    again = false;
  };
  return refresh;
})();

function showModel() {
  model.want(form.value);
}

// --- running

function run() {
  if (running) return;
  if (form.wrong) return complain({ type: "InvalidInput", message: t("error_options"), hint: form.wrong });
  before = { text: "", reasoning: "" };
  begin({ ...request(), keep: keep.checked });
}

/** Goes on with the answer that is shown: the same question again, with what was said so far. */
function goOn() {
  if (running || !asked || !lastFrame?.text) return;
  before = { text: lastFrame.text, reasoning: lastFrame.reasoning };
  begin(asked);
}

function begin(question) {
  asked = question;
  running = crypto.randomUUID?.() ?? `page-${Date.now()}-${Math.random().toString(36).slice(2)}`;
  refresh.forget();
  setRunning(true);
  lastFrame = { id: running, phase: "queued", ...before, calls: [] };
  answer.show(lastFrame);
  trigger("run", { ...question, continues: before.text, id: running });
  watchdog(running);
  // In one column the answer would come where nobody looks.
  if (oneColumn()) answer.node.scrollIntoView({ block: "center" });
}

/** A server that is gone sends nothing at all: then this says so, and keeps what had come. */
function watchdog(id) {
  const seen = lastFrame;
  setTimeout(async () => {
    if (running !== id) return;
    if (lastFrame === seen) await ask("stop", { id: "" });
    if (offline && running === id) ended({ ...lastFrame, phase: "failed", error: { type: "Offline", message: "" } });
    else watchdog(id);
  }, 4000);
}

async function stop() {
  if (!running) return;
  const id = running;
  const result = await ask("stop", { id });
  if (running === id && result.stopped === false && lastFrame.phase === "queued") ended({ ...lastFrame, phase: "stopped" });
}

function setRunning(on) {
  runButton.hidden = on;
  stopButton.hidden = !on;
  root.classList.toggle("ak-running", on);
}

function ended(frame) {
  running = null;
  setRunning(false);
  answer.show(frame);
  const { top } = answer.node.getBoundingClientRect();
  if (oneColumn() && top > 0 && top < innerHeight) answer.node.scrollIntoView({ block: "nearest" });
}

const oneColumn = () => matchMedia("(max-width: 700px)").matches;

watch("value", () => {
  const came = props.value;
  if (!came || came.id !== running) return;
  const frame = { ...came, text: before.text + came.text, reasoning: before.reasoning + came.reasoning };
  lastFrame = frame;
  // A quick model's first words come in the same frame as what was sent to it.
  if (frame.rendered && sent !== frame.id) {
    sent = frame.id;
    preview.show(frame.rendered, true);
  }
  if (frame.phase === "loading") model.look();
  if (frame.phase !== "done" && frame.phase !== "failed") return answer.show(frame);
  ended(frame);
  if (frame.error?.source !== undefined) editor.mark(frame.error);
  readCatalog();
});

document.addEventListener("akachat:refused", (event) => {
  if (event.detail !== "prompt") return;
  if (running && lastFrame.phase === "queued") ended({ ...lastFrame, phase: "failed", error: { type: "Busy", message: t("error_queue") } });
});

// --- keys, language, beginning

document.addEventListener(
  "keydown",
  (event) => {
    if (event.isComposing || event.keyCode === 229 || !root.isConnected || root.offsetParent === null) return;
    if (root.querySelector("dialog[open], .ak-menu:popover-open")) return; // they have their own keys
    const command = event.ctrlKey || event.metaKey;
    const act = command && event.key === "Enter" ? run : command && event.key.toLowerCase() === "s" && !event.shiftKey ? save : event.key === "Escape" && running ? stop : null;
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
  select.dataset.key = "";
  listPrompts();
  inserts.show(catalog, name);
  editor.draw();
  preview.draw();
  answer.draw();
  form.showFacts();
  model.draw();
  if (problem.error) complain(problem.error);
});

document.addEventListener("akachat:use-model", (event) => {
  const { model, ...others } = event.detail;
  form.value = { ...form.value, location: "Local", model, ...others };
  changed(false);
  comeForward();
});

/** Gradio's tab strip has no other way to be told; this tab is its first, and so never in its menu. */
function comeForward() {
  [...document.querySelectorAll('#ak-tabs button[role="tab"]')].find((tab) => tab.textContent.trim() === t("tab_prompt"))?.click();
}

document.addEventListener("akachat:open-prompt", ({ detail }) => {
  comeForward();
  open(detail.name);
});

/** What another tab hands over becomes an edit that is not saved: of the prompt it names, else of a new one. */
document.addEventListener("akachat:open-draft", ({ detail }) => {
  const known = catalog.prompts.includes(detail.name) && !drafts.draft(detail.name);
  const begin = async () => {
    if (!known) drafts.drop(null);
    await open(known ? detail.name : null, { draft: false });
    editor.value = detail.instruction ?? "";
    form.value = detail.options ?? {};
    input.value = detail.input ?? "";
    const speaker = (role) => (role === "assistant" ? "ai" : role);
    history.value = typeof detail.messages === "string" ? detail.messages : (detail.messages ?? []).map((m) => `${speaker(m.role)}: ${m.content}`).join("\n");
    historyBox.open = Boolean(history.value);
    keepAside();
    changed(false);
  };
  comeForward();
  if (known || !drafts.draft(null)) return begin();
  const dialog = openDialog(root, "open_draft_title", null, [h("p", { t: "open_draft_text" }), dialogButtons("open_draft_now", "ak-danger")(() => dialog)], () => (dialog.close(), begin()));
});

async function wake() {
  const boot = await ask("boot");
  if (boot.error) {
    complain(boot.error);
    return setTimeout(wake, 3000);
  }
  drafts = makeDrafts(boot.workspace);
  document.dispatchEvent(new CustomEvent("akachat:settings-language", { detail: boot.language }));
  take(boot);
  const opened = drafts.opened();
  const names = boot.prompts;
  // Who reads English sees the sample in English at first; after that, whatever was open.
  const first = boot.default_prompt === SAMPLE && language === "en" ? `${SAMPLE}_en` : "";
  const wanted = [opened?.name, first, boot.default_prompt, names[0]].find((n) => n && names.includes(n));
  if (opened && opened.name === null && drafts.draft(null)) await open(null);
  else await open(wanted ?? null);
  editor.readOnly = false;
  await readChoices();
  root.dataset.ready = "";
}

form.value = EMPTY.options;
form.effective({});
editor.readOnly = true; // until it is known which prompt, and which draft of it, is being written
wake();
