// The messages tab: the stored messages as a table or as lines of their file, added to, mended, cleared and back.

const root = element.querySelector(".ak-page");
const PAGE = 100;
const ROLES_HERE = ["user", "assistant", "system", "developer", "tool"];
let page = { lines: [], total: 0, bytes: 0, kept: [] };
let before = 0; // the page shown ends before this line; 0 for the newest
let editing = null; // the number of the line whose form is open
let raw = null; // the lines that the raw field was filled with: {first, old}
let drafts = makeDrafts("");

const done = makeDone();
const problem = h("div", { class: "ak-rec-problem", role: "alert" });
function complain(error) {
  problem.error = error;
  problem.replaceChildren(...(error ? [errorCard(error)] : []));
  if (error) problem.scrollIntoView({ block: "nearest" });
  return Boolean(error);
}
const roleWord = (role) => (known(`role_${role}`) ? t(`role_${role}`) : role);
const asLine = (message) => JSON.stringify(message);

async function refresh(toEnd) {
  const answer = await ask("msg_page", { limit: PAGE, before });
  if (complain(answer.error)) return;
  page = answer;
  drafts = makeDrafts(`${answer.workspace}:messages`);
  draw();
  if (toEnd) table.scrollTop = table.scrollHeight; // the newest stand last
}

// --- the table

const counts = h("p", { class: "ak-help", "data-testid": "msg-counts" });
const table = h("div", { class: "ak-rec-table", role: "table", tLabel: "tab_messages", tabindex: "0" });
const older = button({ word: "msg_older", label: "msg_older", onclick: () => go(page.lines[0]?.number ?? 0) });
const newer = button({ word: "msg_newer", label: "msg_newer", onclick: () => go(Math.min((page.lines.at(-1)?.number ?? 0) + PAGE + 1, page.total + 1)) });
const newest = button({ word: "msg_newest", label: "msg_newest", onclick: () => go(0) });
const pager = h("div", { class: "ak-rec-row" }, older, newer, newest);

async function go(to) {
  before = to > page.total ? 0 : to;
  editing = null;
  await refresh(true);
}

function draw() {
  const broken = page.lines.filter((line) => line.problem).length;
  say(counts, "text", broken ? "msg_counts_broken" : "msg_counts", { n: number(page.total), size: megabytes(page.bytes), broken });
  pager.hidden = page.total <= page.lines.length;
  older.disabled = !page.lines.length || page.lines[0].number <= 1;
  newer.disabled = newest.disabled = !before;
  const shown = page.lines.filter((line) => line.text.trim());
  table.replaceChildren(...shown.map(drawLine));
  table.hidden = !shown.length;
  hole.hidden = Boolean(page.total);
  tableView.hidden = view.dataset.chosen !== "table";
  rawView.hidden = !tableView.hidden;
  drawKept();
}

function drawLine(line) {
  if (editing === line.number) return drawForm(line);
  const text = line.message ? line.message.content : line.text;
  const content = h("div", { class: "ak-rec-content", text });
  const extra = line.message && Object.keys(line.message).filter((key) => !["role", "content"].includes(key));
  return h(
    "div",
    { class: line.problem ? "ak-rec-tr ak-rec-torn" : "ak-rec-tr", role: "row", "data-line": line.number },
    h("span", { class: "ak-rec-number", role: "cell", text: String(line.number) }),
    h("span", { class: `ak-rec-role ak-rec-role-${line.message?.role ?? "broken"}`, role: "cell", text: line.message ? roleWord(line.message.role) : t("msg_broken") }),
    h("div", { class: "ak-rec-cell", role: "cell" }, content, line.problem ? h("p", { class: "ak-field-error", text: said(line.problem) }) : null, extra?.length ? h("p", { class: "ak-help", text: t("msg_extra", { keys: extra.join(", ") }) }) : null),
    h(
      "span",
      { class: "ak-rec-acts", role: "cell" },
      button({ word: "msg_edit", label: "msg_edit", kind: "ak-quiet", onclick: () => ((editing = line.number), draw(), table.querySelector("textarea")?.focus()) }),
      button({ label: "delete_now", glyph: "trash", kind: "ak-quiet", onclick: () => change(line.number, [line.text], [], "msg_deleted") }),
    ),
  );
}

/** A message's fields, or a broken line as it stands. */
function drawForm(line) {
  const role = line.message && h("select", { tLabel: "msg_role", class: "ak-rec-narrow" }, ROLES_HERE.map((each) => h("option", { value: each, text: roleWord(each) })));
  if (role) role.value = line.message.role;
  const text = h("textarea", { class: "ak-rec-edit", rows: String(Math.min(16, Math.max(3, (line.message?.content ?? line.text).split("\n").length + 1))), tLabel: line.message ? "msg_content" : "msg_line", value: line.message?.content ?? line.text, spellcheck: "false" });
  const keepIt = () => change(line.number, [line.text], [line.message ? asLine({ ...line.message, role: role.value, content: text.value }) : text.value], "msg_edited");
  return h(
    "div",
    { class: "ak-rec-tr ak-rec-editing", role: "row", "data-line": line.number, onkeydown: (event) => !event.isComposing && event.key === "Enter" && (event.ctrlKey || event.metaKey) && (event.preventDefault(), event.stopPropagation(), keepIt()) },
    h("span", { class: "ak-rec-number", role: "cell", text: String(line.number) }),
    h("div", { class: "ak-rec-cell", role: "cell" }, role, text, line.problem ? h("p", { class: "ak-field-error", text: said(line.problem) }) : null),
    h("span", { class: "ak-rec-acts", role: "cell" }, button({ word: "save", label: "save", kind: "ak-primary", onclick: keepIt }), button({ word: "cancel", label: "cancel", onclick: () => ((editing = null), draw()) })),
  );
}

async function change(first, old, fresh, word) {
  const answer = await ask("msg_edit", { first, old, new: fresh });
  if (complain(answer.error)) return false;
  editing = null;
  const now = answer.lines.map((line) => line.text);
  await refresh();
  done.say(word, { n: first }, async () => {
    const back = await ask("msg_edit", { first, old: now, new: old });
    if (!complain(back.error)) await refresh();
  });
  return true;
}

// --- adding one

const newRole = h("select", { tLabel: "msg_role", class: "ak-rec-narrow", onchange: keepNew }, ROLES_HERE.slice(0, 3).map((each) => h("option", { value: each, t: `role_${each}` })));
const newText = h("textarea", { rows: "3", class: "ak-rec-newtext", tLabel: "msg_content", tPlaceholder: "msg_content", oninput: keepNew });
const adding = h("section", { class: "ak-panel ak-rec-section" }, h("header", { class: "ak-rec-row" }, h("h2", { t: "msg_add" }), newRole), newText, h("div", { class: "ak-rec-row" }, button({ word: "rag_add", label: "msg_add_help", kind: "ak-primary", onclick: add })));

function keepNew() {
  if (newText.value) drafts.keepAside("new", { role: newRole.value, content: newText.value });
  else drafts.keepAside("new", null);
}

async function add() {
  if (!newText.value.trim()) return newText.focus();
  const content = newText.value;
  const answer = await ask("msg_append", { message: { role: newRole.value, content } });
  if (complain(answer.error)) return;
  if (newText.value === content) newText.value = "";
  newRole.value = newRole.value === "user" ? "assistant" : "user"; // conversations take turns
  keepNew();
  before = 0;
  await refresh(true);
}

// --- as lines

const howMany = h("input", { type: "number", min: "1", max: "10000", value: "100", class: "ak-rec-few", tLabel: "msg_lines" });
const rawText = h("textarea", { class: "ak-rec-value ak-rec-raw ak-mono", tLabel: "msg_raw", wrap: "off", spellcheck: "false", oninput: typedRaw });
const gutter = h("div", { class: "ak-rec-gutter ak-mono", "aria-hidden": "true" });
const rawState = h("p", { class: "ak-help" });
const rawBad = h("ul", { class: "ak-rec-changes" });
rawText.addEventListener("scroll", () => (gutter.scrollTop = rawText.scrollTop));

async function readRaw(keepDraft) {
  const answer = await ask("msg_page", { limit: Number(howMany.value) || PAGE, before: 0 });
  if (complain(answer.error)) return;
  raw = { first: answer.lines[0]?.number ?? answer.total + 1, old: answer.lines.map((line) => line.text) };
  const draft = keepDraft ? drafts.aside("raw") : null;
  if (draft) raw = { first: draft.first, old: draft.old };
  else drafts.keepAside("raw", null);
  rawText.value = draft?.text ?? raw.old.join("\n");
  if (draft) done.say("draft_back");
  const bad = answer.lines.filter((line) => line.problem);
  rawBad.replaceChildren(...bad.slice(0, 50).map((line) => h("li", {}, h("button", { type: "button", class: "ak-button ak-quiet", text: t("msg_line_n", { n: line.number }), onclick: () => toLine(line.number) }), h("span", { class: "ak-field-error", text: said(line.problem) }))));
  drawRaw();
  rawText.scrollTop = rawText.scrollHeight; // the newest stand last
}

function toLine(n) {
  const lines = rawText.value.split("\n");
  const start = lines.slice(0, n - raw.first).reduce((sum, line) => sum + line.length + 1, 0);
  rawText.focus();
  rawText.setSelectionRange(start, start + (lines[n - raw.first]?.length ?? 0));
  rawText.scrollTop = Math.max(0, (n - raw.first - 3) * 18);
}

function typedRaw() {
  if (rawText.value === raw.old.join("\n")) drafts.keepAside("raw", null);
  else drafts.keepAside("raw", { ...raw, text: rawText.value });
  drawRaw();
}

function drawRaw() {
  if (!raw) return;
  const n = rawText.value.split("\n").length;
  gutter.textContent = Array.from({ length: n }, (_, index) => raw.first + index).join("\n");
  const changed = rawText.value !== raw.old.join("\n");
  say(rawState, "text", changed ? "msg_raw_changed" : "msg_raw_state", { from: number(raw.first), to: number(raw.first + raw.old.length - 1) });
  rawSave.disabled = rawUndo.disabled = !changed;
}

async function saveRaw() {
  const fresh = rawText.value === "" ? [] : rawText.value.split("\n");
  const { first, old } = raw;
  const answer = await ask("msg_edit", { first, old, new: fresh });
  if (answer.error?.line && !answer.error.path) toLine(answer.error.line);
  if (complain(answer.error)) return;
  const now = answer.lines.map((line) => line.text);
  drafts.keepAside("raw", null);
  await Promise.all([readRaw(false), refresh()]);
  done.say("msg_raw_saved", { n: now.length }, async () => {
    const back = await ask("msg_edit", { first, old: now, new: old });
    if (!complain(back.error)) await Promise.all([readRaw(false), refresh()]);
  });
}

const rawSave = button({ word: "save", label: "save_help", kind: "ak-primary", disabled: true, onclick: saveRaw });
const rawUndo = button({ word: "discard", label: "discard", disabled: true, onclick: () => readRaw(false) });

// --- what msg(n) gives

const limit = h("input", { type: "number", min: "0", value: "10", class: "ak-rec-few", tLabel: "msg_given_limit" });
const given = h("ul", { class: "ak-messages", "data-testid": "msg-given" });
const gives = h("details", { class: "ak-panel ak-rec-more", ontoggle: () => gives.open && readGiven() }, h("summary", { t: "msg_given" }), h("div", { class: "ak-rec-row" }, h("code", { text: "{msg(" }), limit, h("code", { text: ")}" }), button({ word: "msg_look", label: "msg_look", onclick: readGiven })), given);

async function readGiven() {
  const answer = await ask("msg_given", { limit: Math.max(0, Math.floor(Number(limit.value) || 0)) });
  given.replaceChildren(...(answer.error ? [errorCard(answer.error)] : answer.messages.map(drawMessage)));
  if (!answer.error && !answer.of) given.append(h("li", { class: "ak-empty", t: "msg_none" }));
}

// --- in, out, and what was cleared

const paste = h("textarea", { class: "ak-rec-paste ak-mono", rows: "4", tLabel: "msg_import_text", tPlaceholder: "msg_import_text", spellcheck: "false", oninput: () => (preview.replaceChildren(), drafts.keepAside("import", paste.value ? { text: paste.value } : null)) });
const preview = h("div", { "data-testid": "msg-preview", "aria-live": "polite" });
const importing = h(
  "details",
  { class: "ak-panel ak-rec-more" },
  h("summary", { t: "msg_import" }),
  dropPlace({ drop: "msg_drop", choose: "rag_choose" }, async (files) => ((paste.value = await files[0][1].text()), look()), { accept: ".jsonl,.json,.txt" }),
  paste,
  h("div", { class: "ak-rec-row" }, button({ word: "msg_look", label: "msg_look", kind: "ak-primary", onclick: look })),
  preview,
);

async function look() {
  const answer = await ask("msg_read", { text: paste.value });
  if (complain(answer.error)) return preview.replaceChildren();
  preview.replaceChildren(
    h("p", { class: "ak-help", text: t("msg_read", { n: number(answer.of) }) }),
    h("ul", { class: "ak-messages" }, answer.messages.map(drawMessage)),
    h("div", { class: "ak-rec-row" }, button({ word: "msg_import_append", label: "msg_import_append", kind: "ak-primary", onclick: () => take(false) }), button({ word: "msg_import_replace", label: "msg_import_replace", onclick: () => take(true) })),
  );
}

async function take(replace) {
  const answer = await ask("msg_import", { text: paste.value, replace });
  if (complain(answer.error)) return;
  paste.value = "";
  drafts.keepAside("import", null);
  preview.replaceChildren();
  before = 0;
  await refresh(true);
  // What was there is among the cleared ones, to be brought back by hand: an undo would put it before what came.
  done.say(replace && answer.name ? "msg_replaced" : "msg_imported", { n: number(answer.count) });
}

async function exportAll() {
  const answer = await ask("msg_export");
  if (!complain(answer.error)) download("messages.jsonl", answer.text, "application/x-ndjson");
}

function clear() {
  askSure(root, "msg_clear_title", null, h("p", { t: "msg_clear_text" }), "msg_clear_now", async () => {
    const answer = await ask("msg_clear");
    if (complain(answer.error)) return;
    before = 0;
    await refresh();
    if (!rawView.hidden) await readRaw(false);
    done.say("msg_cleared", null, answer.name ? () => restore(answer.name) : null);
  });
}

const cleared = h("ul", { class: "ak-rec-changes" });
const kept = h("details", { class: "ak-panel ak-rec-more" }, h("summary", { t: "msg_kept" }), h("p", { class: "ak-help", t: "msg_kept_help" }), cleared);

function drawKept() {
  kept.hidden = !page.kept?.length;
  cleared.replaceChildren(
    ...(page.kept ?? []).map((each) => h("li", {}, h("span", { text: when(each.at) }), h("span", { class: "ak-help", text: `${megabytes(each.bytes)} MB` }), button({ word: "rec_restore", label: "rec_restore", onclick: () => restore(each.name) }))),
  );
}

async function restore(name) {
  const answer = await ask("msg_restore", { name });
  if (complain(answer.error)) return;
  done.hide();
  await refresh();
  if (!rawView.hidden) await readRaw(false);
}

// --- the whole

const view = segments("msg_view", [{ id: "table", word: "msg_table" }, { id: "raw", word: "msg_raw" }], "table", async (id) => {
  draw();
  if (id === "raw") await readRaw(true);
});
const hole = h("div", { class: "ak-rec-hole" }, h("p", {}), button({ word: "msg_sample", label: "msg_sample", onclick: sample }));
const tableView = h("div", { class: "ak-rec-view" }, hole, pager, table);
const rawView = h("div", { class: "ak-rec-view", hidden: true }, h("div", { class: "ak-rec-row" }, h("label", { class: "ak-rec-row" }, h("span", { t: "msg_lines" }), howMany), button({ word: "msg_look", label: "msg_look", onclick: () => readRaw(false) }), rawState, h("span", { class: "ak-spring" }), rawUndo, rawSave), rawBad, h("div", { class: "ak-rec-lines" }, gutter, rawText));

async function sample() {
  for (const role of ["user", "assistant"]) {
    const answer = await ask("msg_append", { message: { role, content: t(`msg_sample_${role}`) } });
    if (complain(answer.error)) return;
  }
  await refresh();
}

root.append(
  h(
    "div",
    { class: "ak-rec-one" },
    h("header", { class: "ak-rec-row" }, view, counts, h("span", { class: "ak-spring" }), button({ label: "reload", glyph: "reload", kind: "ak-quiet", onclick: () => (rawView.hidden ? refresh() : readRaw(true)) }), button({ word: "rec_export", label: "msg_export", kind: "ak-quiet", onclick: exportAll }), button({ word: "msg_clear", label: "msg_clear", glyph: "trash", kind: "ak-quiet", onclick: clear })),
    done.node,
    problem,
    h("section", { class: "ak-panel ak-rec-section" }, tableView, rawView),
    adding,
    gives,
    importing,
    kept,
  ),
);
hole.firstChild.append(...prose(t("msg_hole")));
tabKeys(root, {
  save: () => (rawView.hidden ? false : saveRaw()),
  run: () => (document.activeElement === newText ? add() : false),
  stop: () => (editing === null ? false : ((editing = null), draw())),
});
document.addEventListener("akachat:language", (event) => {
  language = event.detail;
  relabel(root);
  hole.firstChild.replaceChildren(...prose(t("msg_hole")));
  draw();
  drawRaw();
  if (problem.error) complain(problem.error);
});
whenShown(root, async () => {
  const first = !page.workspace;
  if (editing === null) await refresh(first);
  const draft = first && drafts.aside("new");
  const pasted = first && drafts.aside("import");
  if (pasted) ((paste.value = pasted.text), (importing.open = true));
  if (draft) ((newRole.value = draft.role), (newText.value = draft.content));
});
