// The variables tab: the keys with glimpses beside one of them in a large field, and many at once.

const root = element.querySelector(".ak-page");
let found = { variables: [], of: 0 };
let drafts = makeDrafts("");
let current = null; // {key, value, prompts}; a key of null for a new one
let pending = null; // the changes that a preview shows
let asked = 0; // counts the searches, so that a late answer does not replace a newer one

const done = makeDone();
const problem = h("div", { class: "ak-rec-problem", role: "alert" });
function complain(error) {
  problem.error = error;
  problem.replaceChildren(...(error ? [errorCard(error)] : []));
  return Boolean(error);
}
const written = (key) => (plainName(key) ? `{var.${key}}` : `{var['${key.replace(/\\/g, "\\\\").replace(/'/g, "\\'")}']}`);

// --- the list

const search = h("input", { type: "text", class: "ak-rec-search", tPlaceholder: "var_search", tLabel: "var_search", oninput: debounce(() => refresh(), 200) });
const list = h("ul", { class: "ak-rec-list", "data-testid": "var-list" });
const more = h("p", { class: "ak-help ak-rec-pad" });
const side = h(
  "aside",
  { class: "ak-panel ak-rec-side" },
  h(
    "header",
    { class: "ak-panel-head" },
    h("h2", { t: "tab_variables" }),
    h("span", { class: "ak-spring" }),
    button({ word: "new", label: "var_new", glyph: "plus", onclick: () => edit({ key: null, value: "", prompts: [] }) }),
    button({ word: "rec_export", label: "var_export", kind: "ak-quiet", onclick: exportAll }),
  ),
  h("div", { class: "ak-rec-pad" }, search),
  list,
  more,
);

function drawList() {
  const unsaved = drafts.names();
  list.replaceChildren(
    ...found.variables.map((each) =>
      h(
        "li",
        {},
        h(
          "button",
          { type: "button", class: "ak-rec-item", "aria-current": each.key === current?.key ? "true" : null, onclick: () => open(each.key) },
          h(
            "span",
            { class: "ak-rec-line" },
            h("span", { class: "ak-rec-key", text: each.key }),
            unsaved.has(each.key) ? h("span", { class: "ak-dot ak-rec-unsaved", title: t("unsaved"), role: "img", "aria-label": t("unsaved") }) : null,
            h("span", { class: "ak-rec-sub", text: each.prompts.length ? t("var_used", { n: each.prompts.length }) : "" }),
          ),
          each.problem ? h("span", { class: "ak-field-error", text: said(each.problem) }) : h("span", { class: "ak-rec-glimpse", text: each.text || t("var_empty_value") }),
        ),
      ),
    ),
  );
  if (!found.variables.length) list.append(h("li", { class: "ak-empty ak-rec-pad", t: search.value.trim() ? "rec_nothing" : "var_none" }));
  more.hidden = found.of <= found.variables.length;
  say(more, "text", "var_more", { shown: number(found.variables.length), of: number(found.of) });
}

async function refresh() {
  const mine = ++asked;
  const answer = await ask("var_list", { search: search.value });
  if (mine !== asked || complain(answer.error)) return;
  found = answer;
  drafts = makeDrafts(`${answer.workspace}:var`);
  drawList();
}

// --- one of them

const title = h("h2", { class: "ak-rec-title ak-mono" });
const key = h("input", { type: "text", class: "ak-rec-newkey", tPlaceholder: "var_key", tLabel: "var_key", autocomplete: "off", spellcheck: "false", oninput: typed });
const copy = button({ label: "var_copy", glyph: "copy", kind: "ak-quiet", onclick: () => copyText(written(current.key), done) });
const value = h("textarea", { class: "ak-rec-value", tLabel: "var_value", tPlaceholder: "var_value", spellcheck: "false", oninput: typed });
const unsaved = h("span", { class: "ak-dirty", hidden: true }, h("span", { class: "ak-dot", "aria-hidden": "true" }), h("span", { t: "unsaved" }));
const revert = button({ word: "discard", label: "discard_help", glyph: "undo", kind: "ak-quiet", onclick: () => (drafts.drop(current.key), edit(current)) });
const uses = h("p", { class: "ak-help", "data-testid": "var-uses" });
const length = h("span", { class: "ak-help" });
const kept = h("div", { class: "ak-rec-row" }, button({ word: "var_rename", label: "var_rename", kind: "ak-quiet", onclick: rename }), button({ word: "delete_now", label: "var_delete", glyph: "trash", kind: "ak-quiet", onclick: remove }));
const editor = h(
  "section",
  { class: "ak-panel ak-rec-editor", hidden: true },
  h("header", { class: "ak-panel-head" }, title, key, copy, h("span", { class: "ak-spring" }), unsaved, revert, button({ word: "save", label: "save_help", kind: "ak-primary", onclick: save })),
  value,
  h("div", { class: "ak-rec-foot" }, uses, h("span", { class: "ak-spring" }), length, kept),
);
const hole = h("section", { class: "ak-panel ak-rec-hole" }, h("p", {}), button({ word: "var_sample", label: "var_sample", onclick: sample }));

function edit(next) {
  current = next;
  const draft = drafts.draft(next.key);
  value.value = draft?.value ?? next.value;
  key.value = next.key ?? draft?.key ?? "";
  title.hidden = copy.hidden = kept.hidden = next.key === null;
  key.hidden = next.key !== null;
  title.textContent = next.key === null ? "" : written(next.key);
  editor.hidden = false;
  hole.hidden = true;
  complain(null);
  if (draft && draft.base !== next.value && next.key !== null && draft.value !== next.value) done.say("var_draft_old");
  showState();
  drawUses();
  drawList();
  if (next.key === null) key.focus();
}

function drawUses() {
  if (!current) return;
  uses.replaceChildren();
  if (current.key === null) return;
  if (!current.prompts.length) uses.append(...prose(t("var_unused", { code: written(current.key) })));
  else uses.append(t("var_used_by"), " ", ...current.prompts.flatMap((name, index) => [index ? ", " : "", h("button", { type: "button", class: "ak-rec-link", text: name, title: t("var_open_prompt", { name }), onclick: () => document.dispatchEvent(new CustomEvent("akachat:open-prompt", { detail: { name } })) })]));
}

const isDirty = () => current && (value.value !== current.value || (current.key === null && key.value.trim() !== ""));

function typed() {
  if (isDirty()) drafts.keep(current.key, { value: value.value, key: key.value, base: current.value });
  else drafts.drop(current.key);
  showState();
}

function showState() {
  unsaved.hidden = revert.hidden = !isDirty();
  say(length, "text", "var_length", { n: number(value.value.length) });
}

async function open(name) {
  done.hide();
  const answer = await ask("var_open", { key: name });
  if (complain(answer.error)) return;
  edit(answer);
  // In one column the field would come where nobody looks.
  if (matchMedia("(max-width: 720px)").matches) editor.scrollIntoView({ block: "start" });
}

async function save() {
  if (!current || editor.hidden) return;
  const fresh = current.key === null;
  const name = fresh ? key.value.trim() : current.key;
  if (!name) return key.focus();
  const typedValue = value.value;
  const before = fresh ? null : current.value;
  const answer = await ask("var_save", { key: name, value: typedValue, new: fresh });
  if (complain(answer.exists ? { type: "Conflict", message: t("var_exists", { key: name }) } : answer.error)) return;
  drafts.drop(current.key);
  if (value.value === typedValue) edit(answer);
  else ((current = answer), typed()); // what was typed while the file was being written stays typed
  done.say("saved", { name }, before === null || before === answer.value ? null : () => write({ [name]: before }, name));
  await refresh();
}

async function write(values, show) {
  const answer = await ask("var_change", { values });
  if (complain(answer.error)) return false;
  await refresh();
  if (show) await open(show);
  return true;
}

function close() {
  current = null;
  editor.hidden = true;
  hole.hidden = false;
  drawList();
}

async function remove() {
  const { key: gone, value: before } = current;
  if (!(await write({ [gone]: null }))) return;
  drafts.drop(gone);
  close();
  done.say("deleted", { name: gone }, () => write({ [gone]: before }, gone));
  await readDeleted();
}

function rename() {
  const from = current.key;
  askText(root, "var_rename_title", "var_key", from, async (to) => {
    const answer = await ask("var_rename", { key: from, new: to });
    if (answer.error) return answer.error;
    const draft = drafts.draft(from);
    if (draft) (drafts.drop(from), drafts.keep(to, draft));
    const users = current.prompts;
    await refresh();
    await open(answer.key);
    if (users.length) done.say("var_renamed_used", { key: written(from), prompts: users.join(", ") });
    return null;
  });
}

async function sample() {
  await write({ [t("var_sample_key")]: t("var_sample_value") }, t("var_sample_key"));
}

// --- many at once

const paste = h("textarea", { class: "ak-rec-paste", rows: "5", tLabel: "var_many_text", tPlaceholder: "var_many_text", spellcheck: "false", oninput: keepPaste });
const preview = h("div", { "data-testid": "var-preview", "aria-live": "polite" });
const many = h(
  "details",
  { class: "ak-panel ak-rec-more" },
  h("summary", { t: "var_many" }),
  dropPlace({ drop: "var_drop", choose: "rag_choose", folder: "var_folder" }, takeFiles, { accept: ".txt,.json,.csv,.tsv", folder: true }),
  paste,
  h("div", { class: "ak-rec-row" }, button({ word: "var_look", label: "var_look", kind: "ak-primary", onclick: () => look({ text: paste.value }) })),
  preview,
);

function keepPaste() {
  drafts.keepAside("many", paste.value ? { text: paste.value } : null);
}

async function takeFiles(files) {
  const given = [];
  for (const [name, file] of files) {
    // A folder may hold anything; what is no variable there is passed over, what was chosen by hand is told.
    if (files.length > 1 && !/\.(txt|json|csv|tsv)$/i.test(name)) continue;
    given.push({ name, data: await base64(file) });
  }
  await look({ files: given });
}

async function look(payload) {
  const answer = await ask("var_preview", payload);
  pending = answer.error ? null : answer.changes;
  complain(answer.error);
  drawPreview();
}

function drawPreview() {
  if (!pending) return preview.replaceChildren();
  const of = (kind) => pending.filter((each) => each.kind === kind);
  const counts = { fresh: of("new").length, changed: of("changed").length, same: of("same").length, refused: of("refused").length };
  const wanted = [...of("new"), ...of("changed")];
  preview.replaceChildren(
    h("p", { class: "ak-help", text: t("var_counts", counts) }),
    h("ul", { class: "ak-rec-changes" }, [...of("refused"), ...wanted, ...of("same")].slice(0, 200).map(drawChange)),
    h(
      "div",
      { class: "ak-rec-row" },
      button({ word: "var_write", label: "var_write", kind: "ak-primary", disabled: !wanted.length, onclick: () => apply(wanted) }),
      button({ word: "cancel", label: "cancel", onclick: () => ((pending = null), drawPreview()) }),
    ),
  );
}

function drawChange(change) {
  const short = (text) => (text.length > 200 ? `${text.slice(0, 200)}…` : text);
  return h(
    "li",
    {},
    h("span", { class: `ak-badge ak-rec-${change.kind}`, t: `var_kind_${change.kind}` }),
    h("span", { class: "ak-rec-key", text: change.key }),
    change.kind === "refused" ? h("span", { class: "ak-field-error", text: said(change.problem) }) : null,
    change.kind === "changed" ? h("del", { text: short(change.before ?? "") }) : null,
    change.kind === "changed" ? h("ins", { text: short(change.after) }) : null,
    change.kind === "new" || change.kind === "same" ? h("span", { class: "ak-rec-glimpse", text: short(change.after) }) : null,
  );
}

async function apply(changes) {
  const values = Object.fromEntries(changes.map((each) => [each.key, each.after]));
  const before = Object.fromEntries(changes.map((each) => [each.key, each.kind === "new" ? null : each.before]));
  if (!(await write(values))) return;
  pending = null;
  paste.value = "";
  keepPaste();
  drawPreview();
  if (current?.key in values) await open(current.key);
  done.say("var_wrote", { n: changes.length }, async () => {
    if (await write(before)) close();
  });
}

async function exportAll() {
  const answer = await ask("var_export");
  if (complain(answer.error)) return;
  download("variables.json", `${JSON.stringify(answer.values, null, 2)}\n`, "application/json");
}

// --- what was deleted

const gone = h("ul", { class: "ak-rec-changes" });
const trash = h("details", { class: "ak-panel ak-rec-more", ontoggle: () => trash.open && readDeleted() }, h("summary", { t: "rec_deleted" }), gone);

async function readDeleted() {
  if (!trash.open) return;
  const answer = await ask("var_deleted");
  if (complain(answer.error)) return;
  gone.replaceChildren(
    ...answer.deleted.map((each) =>
      h("li", {}, h("span", { class: "ak-rec-key", text: each.key }), h("span", { class: "ak-help", text: when(each.at) }), button({ word: "rec_restore", label: "rec_restore", onclick: () => restore(each.id) })),
    ),
  );
  if (!answer.deleted.length) gone.append(h("li", { class: "ak-empty", t: "rec_deleted_none" }));
}

async function restore(id) {
  const answer = await ask("var_restore", { id });
  if (complain(answer.error)) return;
  await refresh();
  await open(answer.key);
  await readDeleted();
}

// --- the whole

root.append(h("div", { class: "ak-rec" }, side, h("div", { class: "ak-rec-main" }, done.node, problem, hole, editor, many, trash)));
hole.firstChild.append(...prose(t("var_hole")));
tabKeys(root, { save: () => save() });
document.addEventListener("akachat:language", (event) => {
  language = event.detail;
  relabel(root);
  hole.firstChild.replaceChildren(...prose(t("var_hole")));
  drawList();
  drawUses();
  drawPreview();
  if (problem.error) complain(problem.error);
});
whenShown(root, async () => {
  await refresh();
  const kept = !paste.value && drafts.aside("many");
  if (kept) ((paste.value = kept.text), (many.open = true));
  if (current?.key && !isDirty()) {
    const answer = await ask("var_open", { key: current.key });
    if (!answer.error && !isDirty()) edit(answer);
  }
});
