// The chat tab: conversations on the left, the turns of one in the middle, what it talks with on the right.

Object.assign(ICONS, {
  pencil: "M3 13l.6-2.8L10.8 3a1.2 1.2 0 0 1 1.7 0l.5.5a1.2 1.2 0 0 1 0 1.7L5.8 12.4 3 13zM9.8 4l2.2 2.2",
  branch: "M5 3v10M5 10c0-3 6-1.5 6-5.5M3.5 3h3M3.5 13h3M9.5 3.5h3",
  list: "M3 4h10M3 8h10M3 12h10",
  sliders: "M3 5h5M11 5h2M3 11h2M8 11h5M9.5 3.5v3M6.5 9.5v3",
  sweep: "M6 13.5h7.5M3.3 10.2l6-6a1 1 0 0 1 1.4 0l2.5 2.5a1 1 0 0 1 0 1.4L7.8 13.5H6.2l-2.9-2.9zM6.3 7.2l4 4",
  share: "M8 10V2.5M5.5 5L8 2.5 10.5 5M3.5 8v5.5h9V8",
});

const root = element.querySelector(".ak-page");
const SINGLE = "single";
let drafts = makeDrafts("");
let current = null; // the open conversation as the server last told; null for one that has not begun
let single = { messages: [] }; // the one question and its answer that nobody keeps
let mode = "talk";
let opening = 0; // counts what was chosen, so that a late answer does not replace a newer one
let running = null; // the run under way: { id, session, at, input, raw, before, frame, over }
let told = null; // what the last run said beside its answer, which is not stored: { id, notes, calls }
let settled = null; // a run that has ended and is shown beside what is kept: it failed, or was raw

// --- the parts

const models = makeModels();
const settings = makeChatSettings(models, changedSettings);
const model = makeModelState(ask, (found) => models.catalog(found));
const turns = makeTurns({ edit: editTurn, regenerate, goOn, branch, remove: removeTurn, retry, back });
const toast = h("div", { class: "ak-chat-toast", role: "status", "aria-live": "polite", hidden: true });
const problem = h("div", { class: "ak-problem ak-chat-problem", "data-testid": "chat-problem" });
const list = makeChatList({ open, fresh, release, removed, renamed, restored: open, complain, offer });
const title = h("button", { type: "button", class: "ak-chat-title", tTitle: "chat_rename", onclick: () => current && (showSide("list", true), list.rename(current.id)) });
const input = h("textarea", { class: "ak-chat-input", id: "ak-chat-input", rows: "1", tPlaceholder: "chat_input", tLabel: "chat_input", oninput: typed, oncompositionend: typed, onkeydown: pressed });
const rawBadge = h("span", { class: "ak-badge ak-raw", t: "raw", tTitle: "raw_help", hidden: true, "data-testid": "chat-raw" });
const sendButton = button({ word: "chat_send", label: "chat_send_help", glyph: "play", filled: true, kind: "ak-primary ak-chat-send", onclick: send });
const stopButton = button({ word: "stop", label: "stop_help", glyph: "stop", filled: true, kind: "ak-stop ak-chat-stop", hidden: true, onclick: stop });
const modes = segments("chat_mode", [{ id: "talk", word: "chat_talk" }, { id: SINGLE, word: "chat_single" }], "talk", (id) => setMode(id));
const looks = segments("chat_looks", [{ id: "markdown", word: "chat_markdown" }, { id: "plain", word: "chat_plain" }], "markdown", (id) => (remember("looks", id), draw()));
const clearButton = button({ label: "chat_clear_help", glyph: "sweep", kind: "ak-quiet ak-chat-clear", onclick: clear });
const exportBox = h("details", { class: "ak-chat-export" }, h("summary", { class: "ak-button ak-quiet", tLabel: "chat_export", tTitle: "chat_export" }, icon("share")), h("div", { class: "ak-chat-menu" }, KINDS.map(exportRow)));
const listToggle = button({ label: "chat_list", glyph: "list", kind: "ak-quiet ak-chat-toggle-list", "aria-expanded": "true", onclick: () => showSide("list") });
const sideToggle = button({ word: "chat_settings", label: "chat_settings", glyph: "sliders", kind: "ak-quiet ak-chat-toggle-settings", "aria-expanded": "true", onclick: () => showSide("settings") });
const side = h("aside", { class: "ak-panel ak-chat-right", tLabel: "chat_settings" }, h("header", { class: "ak-panel-head" }, h("h2", { t: "chat_settings" }), h("span", { class: "ak-spring" }), button({ label: "chat_close", glyph: "close", kind: "ak-quiet", onclick: () => showSide("settings", false) })), settings.node, h("div", { class: "ak-chat-looks" }, h("span", { t: "chat_looks" }), looks));
const grid = h(
  "div",
  { class: "ak-chat" },
  list.node,
  h(
    "section",
    { class: "ak-panel ak-chat-main", tLabel: "tab_chat" },
    h("header", { class: "ak-panel-head ak-chat-head" }, listToggle, title, h("span", { class: "ak-spring" }), model.node, modes, exportBox, clearButton, sideToggle),
    problem,
    turns.node,
    toast,
    h("div", { class: "ak-chat-ask" }, h("div", { class: "ak-chat-box" }, input, rawBadge), stopButton, sendButton),
  ),
  side,
);
root.append(grid);
document.addEventListener("click", (event) => exportBox.open && !exportBox.contains(event.target) && (exportBox.open = false));

function complain(error) {
  problem.replaceChildren(...(error ? [errorCard(error)] : []));
  return Boolean(error);
}

/** Says what was done, with a way back for a while. */
function offer(text, word, undo) {
  const hide = setTimeout(() => (toast.hidden = true), 12_000);
  const again = button({ word, label: word, glyph: "undo", onclick: async () => (clearTimeout(hide), (toast.hidden = true), await undo()) });
  toast.replaceChildren(h("span", { text }), again);
  toast.hidden = false;
}

const narrow = () => matchMedia("(max-width: 900px)").matches;
function showSide(which, on) {
  const name = `ak-no-${which}`;
  const open = on ?? grid.classList.contains(name);
  grid.classList.toggle(name, !open);
  if (open && narrow()) grid.classList.toggle(which === "list" ? "ak-no-settings" : "ak-no-list", true);
  listToggle.setAttribute("aria-expanded", String(!grid.classList.contains("ak-no-list")));
  sideToggle.setAttribute("aria-expanded", String(!grid.classList.contains("ak-no-settings")));
  if (!narrow()) remember(`hide-${which}`, !open);
}

// No prompt can have such a name.
const remember = (what, value) => drafts.keepAside(`\u0000chat-${what}`, value);
const remembered = (what) => drafts.aside(`\u0000chat-${what}`);

// --- what is shown

const shownId = () => (mode === SINGLE ? SINGLE : (current?.id ?? ""));
const shown = () => (mode === SINGLE ? single : (current ?? { messages: [] }));

function draw() {
  const id = shownId();
  const live = running?.session === id ? running : settled?.session === id ? settled : null;
  turns.draw({ messages: shown().messages, live, plain: looks.dataset.chosen === "plain", hint, told });
  title.textContent = mode === SINGLE ? t("chat_single") : current?.title || t("chat_untitled");
  title.disabled = mode === SINGLE || !current;
  clearButton.disabled = Boolean(running) || !(shown().messages.length || settled?.session === id);
  exportBox.hidden = mode === SINGLE || !current?.messages.length;
  sendButton.hidden = Boolean(running);
  stopButton.hidden = !running;
  grid.classList.toggle("ak-single", mode === SINGLE);
  root.dataset.open = id;
}

/** What stands where nothing has been said yet: how it works, and something to try. */
function hint() {
  const example = button({ word: "chat_example", label: "chat_example", onclick: () => ((input.value = t("chat_example_text")), typed(), input.focus()) });
  return h("div", { class: "ak-chat-hint" }, h("h2", { t: mode === SINGLE ? "chat_single" : "chat_hello" }), h("p", {}, prose(t(mode === SINGLE ? "chat_single_help" : "chat_help"))), example);
}

function setMode(id) {
  keepDraft();
  mode = id;
  remember("mode", id);
  settled = null;
  turns.reset();
  takeDraft();
  draw();
}

async function open(id) {
  const mine = ++opening;
  const result = await ask("chat_open", { id });
  if (mine !== opening || complain(result.error)) return;
  keepDraft();
  current = result;
  if (mode === SINGLE) modes.choose("talk", false), (mode = "talk");
  settled = null;
  turns.reset();
  settings.show(current);
  model.want(settings.wanted());
  list.mark(current.id);
  remember("open", current.id);
  takeDraft();
  if (narrow()) showSide("list", false);
  draw();
}

/** A conversation that begins with the first question; nothing is stored before. */
function fresh() {
  list.all();
  leave();
  if (narrow()) showSide("list", false);
  input.focus();
}

function leave() {
  opening++;
  keepDraft();
  current = null;
  if (mode === SINGLE) modes.choose("talk", false), (mode = "talk");
  settled = null;
  complain(null);
  turns.reset();
  list.mark("");
  remember("open", "");
  takeDraft();
  draw();
}

function removed(id) {
  if (current?.id === id) leave();
}

function renamed(info) {
  if (current?.id === info.id) current.title = info.title;
  draw();
}

const saveSettings = debounce(async (id, value) => complain((await ask("chat_update", { id, ...value })).error), 500);
function changedSettings(value) {
  remember("settings", value);
  model.want(settings.wanted());
  if (current && mode !== SINGLE) {
    Object.assign(current, value);
    saveSettings(current.id, value);
  }
}

// --- drafts

function keepDraft() {
  remember(`input-${shownId()}`, input.value || null);
}

function takeDraft() {
  const kept = remembered(`input-${shownId()}`);
  const asked = shown().messages.findLast((message) => message.role === "user")?.content;
  input.value = typeof kept === "string" && kept !== asked ? kept : "";
  fit();
}

function typed(event) {
  if (!event?.isComposing) keepDraft();
  fit();
}

function fit() {
  rawBadge.hidden = !input.value.startsWith("\\");
  input.style.height = "auto";
  input.style.height = `${Math.min(input.scrollHeight + 2, innerHeight * 0.4)}px`;
}

// --- asking

function pressed(event) {
  if (event.isComposing || event.keyCode === 229 || event.key !== "Enter" || event.shiftKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  send();
}

async function send() {
  const text = input.value;
  if (running || !text.trim()) return input.focus();
  complain(null);
  const raw = text.startsWith("\\");
  if (mode !== SINGLE && !current && !(await begun(text))) return;
  if (mode === SINGLE) single = { messages: [] };
  input.value = "";
  fit();
  turns.toEnd();
  begin({ input: text, raw, at: shown().messages.length, before: "" });
}

/** Makes the conversation that a first question begins. */
async function begun(text) {
  const line = text.trim().split("\n")[0];
  const made = await ask("chat_create", { title: line.length > 60 ? `${line.slice(0, 59)}…` : line, ...settings.value });
  if (complain(made.error)) return false;
  remember("input-", null);
  current = made;
  remember("open", made.id);
  remember(`input-${made.id}`, text);
  list.mark(made.id);
  list.read();
  return true;
}

function begin(question) {
  const id = crypto.randomUUID?.() ?? `chat-${Date.now()}-${Math.random().toString(36).slice(2)}`;
  const session = shownId();
  settled = null;
  running = { ...question, id, session, frame: { id, phase: "queued", text: "", reasoning: "", calls: [] } };
  draw();
  trigger("run", {
    ...settings.value,
    id,
    input: question.input,
    continues: question.before,
    // What is added goes to the end, wherever that is by now; what takes the place of something says of what.
    ...(session === SINGLE ? {} : { session, turn: question.at < shown().messages.length ? question.at : null }),
  });
  watchdog(id);
}

/** A server that is gone sends nothing at all: then this says so, and keeps what had come. */
function watchdog(id) {
  const seen = running.frame;
  setTimeout(async () => {
    if (running?.id !== id) return;
    if (running.frame === seen) await ask("chat_stop", { id: "" });
    if (offline && running?.id === id) ended({ ...running.frame, phase: "failed", error: { type: "Offline", message: "" } });
    else if (running?.id === id) watchdog(id);
  }, 4000);
}

async function stop() {
  if (!running) return;
  const { id } = running;
  const result = await ask("chat_stop", { id });
  if (running?.id === id && result.stopped === false && running.frame.phase === "queued") ended({ ...running.frame, phase: "stopped" });
}

/** Ends the run that would still add to a conversation, and waits until it has. */
async function release(id) {
  if (running?.session !== id) return;
  await stop();
  for (let tries = 0; tries < 60 && running?.session === id; tries++) await new Promise((done) => setTimeout(done, 50));
}

watch("value", () => {
  const frame = props.value;
  if (!frame || frame.id !== running?.id) return;
  const rendered = frame.rendered && !running.frame.rendered;
  running = { ...running, frame };
  if (frame.phase === "loading") model.look();
  if (["done", "failed"].includes(frame.phase)) return ended(frame);
  if (running.session !== shownId()) return;
  if (rendered) draw(); // by now it is known what was left out
  else turns.live(running);
});

document.addEventListener("akachat:refused", (event) => {
  if (event.detail !== "chat" || running?.frame.phase !== "queued") return;
  ended({ ...running.frame, phase: "failed", error: { type: "Busy", message: t("error_queue") } });
});

async function ended(frame) {
  const run = { ...running, frame };
  running = null;
  told = frame.done ? { id: frame.done.id, notes: frame.done.notes, calls: frame.calls } : null;
  const said = run.before + frame.text;
  if (frame.phase !== "done" || run.raw) settled = run; // shown beside what is kept
  else if (run.session === SINGLE) single = { messages: [{ role: "user", content: run.input }, { role: "assistant", content: said, run: facts(frame) }] };
  else {
    if (!said && frame.done.finish_reason === "cancelled") return giveBack(run);
    remember(`input-${run.session}`, null);
    await refresh(run, said, frame);
  }
  if (frame.phase === "stopped") giveBack(run);
  draw();
  list.read();
}

/** What an answer says of its run, until the stored one says it. */
function facts({ done, reasoning }) {
  const { usage, timings, finish_reason, model } = done;
  return { id: done.id, finish_reason, model, reasoning, ...usage, seconds: timings.total, first_token: timings.first_token, tokens_per_second: timings.tokens_per_second, dropped: done.cut?.dropped ?? 0 };
}

/** Shows the conversation as it is stored now. */
async function refresh(run, said, frame) {
  if (current?.id !== run.session) return;
  const result = await ask("chat_open", { id: run.session });
  if (current?.id !== run.session) return;
  if (!result.error) current = result;
  else if (frame) current = { ...current, messages: [...current.messages.slice(0, run.at), { role: "user", content: run.input }, { role: "assistant", content: said, run: facts(frame) }] };
}

/** A question that got no answer goes back to where it was typed. */
function giveBack(run) {
  if (settled?.id === run.id) settled = null;
  if (run.session === shownId() && !input.value && !run.before) {
    input.value = run.input;
    typed();
  }
  draw();
}

function retry() {
  if (running || !settled) return;
  const { input: text, raw, at, before } = settled;
  begin({ input: text, raw, at, before });
}

function back() {
  if (settled) giveBack(settled);
  input.focus();
}

// --- keys, language, beginning

document.addEventListener(
  "keydown",
  (event) => {
    if (event.isComposing || event.keyCode === 229 || !root.isConnected || root.offsetParent === null) return;
    if (event.key === "Escape" && exportBox.open) exportBox.open = false;
    else if (event.key === "Escape" && running) stop();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.target.closest?.(".ak-turn-edit")) send();
    else return;
    event.preventDefault();
    event.stopPropagation();
  },
  { capture: true },
);

document.addEventListener("visibilitychange", async () => {
  if (document.hidden || running || !root.dataset.open || root.dataset.ready === undefined) return;
  await list.read();
  if (mode !== SINGLE && current) await refresh({ session: current.id });
  if (!running) draw();
});

document.addEventListener("akachat:language", (event) => {
  language = event.detail;
  document.documentElement.lang = language;
  relabel(root);
  list.draw();
  settings.draw();
  model.draw();
  draw();
});

async function wake() {
  const boot = await ask("chat_boot");
  if (complain(boot.error)) return setTimeout(wake, 3000);
  drafts = makeDrafts(boot.workspace);
  document.dispatchEvent(new CustomEvent("akachat:settings-language", { detail: boot.language }));
  models.take(boot);
  models.catalog(boot.models);
  settings.take(boot);
  model.take(boot);
  settings.show(remembered("settings") ?? { prompt: boot.prompts.includes(boot.default_prompt) ? boot.default_prompt : "", options: {} });
  model.want(settings.wanted());
  looks.choose(remembered("looks") === "plain" ? "plain" : "markdown", false);
  for (const which of ["list", "settings"]) if (narrow() || remembered(`hide-${which}`)) showSide(which, false);
  if (remembered("mode") === SINGLE) modes.choose(SINGLE);
  await list.read();
  const id = remembered("open");
  if (id && mode !== SINGLE) await open(id);
  if (!current) takeDraft();
  draw();
  root.dataset.ready = "";
}

draw();
wake();
