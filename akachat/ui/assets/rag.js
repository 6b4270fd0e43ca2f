// The RAG tab: libraries on the left, one of them on the right; whatever a document says becomes text nodes only.

const root = element.querySelector(".ak-page");
const PIECE = 768 * 1024; // a multiple of three, so that the pieces' base64 has no padding inside
const CHARSETS = ["", "utf-8", "cp932", "euc-jp", "iso-2022-jp", "utf-16"];
const MODES = ["", "keyword", "semantic", "hybrid"];
let libraries = [];
let current = null; // the open library as the server last told
let job = null; // the work that is shown
let failedOnly = false;
let offset = 0;
let shownPassages = null; // {file, offset} of the open document
let lastHits = null;
const sending = new Set(); // uploads on their way: what stops each

const count = (value) => value.toLocaleString("en");
const problem = h("div", { class: "ak-rag-problem", role: "alert" });
function complain(error) {
  problem.replaceChildren(...(error ? [errorCard(error)] : []));
  return Boolean(error);
}

// --- the list

const list = h("ul", { class: "ak-rag-list" });
const newName = h("input", { type: "text", tPlaceholder: "rag_new_name", tLabel: "rag_new", autocomplete: "off", onkeydown: (event) => event.key === "Enter" && !event.isComposing && create() });
const side = h(
  "aside",
  { class: "ak-panel ak-rag-side" },
  h("header", { class: "ak-panel-head" }, h("h2", { t: "rag_libraries" })),
  list,
  h("div", { class: "ak-rag-new" }, newName, button({ word: "rag_create", label: "rag_new", glyph: "plus", onclick: create })),
);
const main = h("div", { class: "ak-rag-main" });
root.append(h("div", { class: "ak-rag" }, side, h("div", { class: "ak-rag-right" }, problem, main)));

function drawList() {
  list.replaceChildren(
    ...libraries.map((library) =>
      h(
        "li",
        {},
        h(
          "button",
          { type: "button", class: "ak-rag-item", "aria-current": library.name === current?.name ? "true" : null, onclick: () => open(library.name) },
          h("span", { class: "ak-rag-name", text: library.name }),
          h("span", { class: "ak-rag-sub", text: `${count(library.files)} · ${t(`rag_state_${library.state}`)}` }),
        ),
      ),
    ),
  );
}

async function refresh() {
  const answer = await ask("rag_list");
  if (complain(answer.error)) return;
  libraries = answer.libraries;
  drawList();
}

async function create() {
  const name = newName.value.trim();
  if (!name) return newName.focus();
  const answer = await ask("rag_create", { name });
  if (complain(answer.error)) return;
  newName.value = "";
  await refresh();
  await open(answer.name);
}

async function makeSample() {
  const answer = await ask("rag_add", { name: t("rag_sample_name"), text: t("rag_sample_text"), file: "AW-10.md" });
  if (complain(answer.error)) return;
  await follow(answer.job);
  query.value = t("rag_sample_query");
  await search();
}

// --- one library

const bar = h("progress", { class: "ak-rag-bar", max: "1" });
const stage = h("span", { class: "ak-rag-stage", role: "status", "aria-live": "polite" });
const cancel = button({ word: "cancel", label: "cancel", kind: "ak-quiet", onclick: stopWork });
const work = h("div", { class: "ak-rag-work", hidden: true, "data-testid": "rag-work" }, stage, bar, cancel);
const outcome = h("p", { class: "ak-help", role: "status", "data-testid": "rag-outcome" });

const chooser = h("input", { type: "file", multiple: true, hidden: true, tLabel: "rag_choose", onchange: () => (send([...chooser.files].map((file) => [file.name, file])), (chooser.value = "")) });
const drop = h(
  "div",
  { class: "ak-rag-drop", "data-testid": "rag-drop", ondragover: (event) => (event.preventDefault(), drop.classList.add("ak-over")), ondragleave: () => drop.classList.remove("ak-over"), ondrop: dropped },
  h("p", { t: "rag_drop" }),
  button({ word: "rag_choose", label: "rag_choose", onclick: () => chooser.click() }),
  h("p", { class: "ak-help", t: "rag_kinds" }),
  chooser,
);
const url = h("input", { type: "text", inputmode: "url", tPlaceholder: "rag_url", tLabel: "rag_url", onkeydown: (event) => event.key === "Enter" && !event.isComposing && addUrl() });
const text = h("textarea", { rows: "4", tLabel: "rag_text", tPlaceholder: "rag_text" });
const textName = h("input", { type: "text", tLabel: "rag_paste_name", tPlaceholder: "rag_paste_name" });
const bring = h(
  "div",
  { class: "ak-rag-bring" },
  drop,
  h("div", { class: "ak-rag-row" }, url, button({ word: "rag_add", label: "rag_add", onclick: addUrl })),
  h("details", {}, h("summary", { t: "rag_paste" }), textName, text, button({ word: "rag_add", label: "rag_add", onclick: addText })),
);

async function dropped(event) {
  event.preventDefault();
  drop.classList.remove("ak-over");
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const files = [];
  for (const entry of entries) await walk(entry, "", files);
  await send(files.length ? files : [...event.dataTransfer.files].map((file) => [file.name, file]));
}

async function walk(entry, prefix, files) {
  if (entry.isFile) {
    files.push([prefix + entry.name, await new Promise((done, failed) => entry.file(done, failed))]);
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed)); // at most 100 at a time
    if (!some.length) return;
    for (const each of some) await walk(each, `${prefix}${entry.name}/`, files);
  }
}

async function send(files) {
  if (!files.length || !current) return;
  const library = current.name; // another one may be open by the time all has been sent
  const upload = crypto.randomUUID?.() ?? String(Math.random());
  const total = files.reduce((sum, [, file]) => sum + file.size, 0);
  let done = 0;
  let stop;
  const stopped = new Promise((resolve) => (stop = () => resolve("stopped")));
  sending.add(stop);
  complain(null);
  outcome.replaceChildren();
  for (const [name, file] of files) {
    showWork({ stage: "upload", done, total, unit: "bytes", file: name, state: "running" });
    for (let at = 0; at === 0 || at < file.size; at += PIECE) {
      const piece = file.slice(at, at + PIECE);
      const sent = base64(piece).then((data) => ask("rag_upload", { upload, name, first: at === 0 && file === files[0][1], begin: at === 0, data }));
      const answer = await Promise.race([sent, stopped]);
      if (answer === "stopped" || complain(answer.error)) {
        sending.delete(stop);
        showWork(null);
        if (answer === "stopped") say(outcome, "text", "rag_cancelled");
        await sent.catch(() => null); // the piece that is under way would come back to life behind the others
        await ask("rag_drop", { upload });
        return;
      }
      done += piece.size;
      showWork({ stage: "upload", done, total, unit: "bytes", file: name, state: "running" });
    }
  }
  sending.delete(stop);
  await begin({ upload }, library);
}

async function stopWork() {
  if (sending.size) for (const stop of sending) stop();
  else if (job) complain((await ask("rag_cancel", { id: job.id })).error);
}

function base64(blob) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(blob);
  });
}

async function addUrl() {
  if (url.value.trim() && (await begin({ url: url.value }))) url.value = "";
}

async function addText() {
  if (text.value.trim() && (await begin({ text: text.value, file: textName.value.trim() }))) text.value = textName.value = "";
}

async function begin(what, name = current.name) {
  const answer = await ask("rag_add", { name, ...what });
  if (complain(answer.error)) {
    showWork(null);
    return false;
  }
  await follow(answer.job);
  return true;
}

function showWork(state) {
  work.hidden = !state;
  if (!state) return;
  const words = [t(`rag_stage_${state.stage}`)];
  if (state.total) words.push(state.unit === "bytes" ? amount(state.done, state.total) : `${count(state.done)} / ${count(state.total)}`);
  if (state.file) words.push(state.file);
  stage.textContent = words.join("  ");
  if (state.total) bar.value = state.done / state.total;
  else bar.removeAttribute("value");
}

/** Bytes as people count them: both numbers in the unit of the larger one. */
function amount(done, total) {
  const [unit, name, places] = total >= 1e6 ? [1e6, "MB", 1] : [1e3, "kB", 0];
  return `${(done / unit).toFixed(places)} / ${(total / unit).toFixed(places)} ${name}`;
}

/** Shows some work until it is over, then what came of it. */
async function follow(begun) {
  job = begun;
  outcome.replaceChildren();
  while (job && !["done", "failed", "cancelled"].includes(job.state)) {
    showWork(job);
    await new Promise((done) => setTimeout(done, 200));
    const answer = await ask("rag_job", { id: begun.id });
    if (job?.id !== begun.id) return; // another one is shown by now
    if (complain(answer.error)) break;
    job = answer.job;
  }
  showWork(null);
  complain(job?.error);
  const ended = job;
  job = null;
  await refresh();
  if (current && current.name !== begun.library && libraries.some((each) => each.name === current.name)) return; // moved on
  await open(begun.library, current?.name === begun.library);
  if (ended?.state === "cancelled") say(outcome, "text", "rag_cancelled");
  else if (ended?.state === "done" && ended.failed.length) {
    say(outcome, "text", "rag_done_failed", { good: count(ended.good), failed: count(ended.failed.length) });
    outcome.append(
      h("ul", {}, ended.failed.slice(0, 20).map((file) => h("li", { text: `${file.file}: ${said(file.reason)} ${said(file.hint) ?? ""}` }))),
    );
  } else if (ended?.state === "done" && ended.good) say(outcome, "text", "rag_done", { good: count(ended.good) });
}

async function open(name, keepPlace) {
  if (!keepPlace) {
    offset = 0;
    failedOnly = false;
    all.choose("all", false);
    shownPassages = lastHits = null;
    outcome.replaceChildren();
    hits.replaceChildren();
  }
  const answer = await ask("rag_open", { name, offset, failed: failedOnly });
  if (complain(answer.error)) return;
  current = answer;
  drawList();
  draw();
  if (answer.job && !job) follow(answer.job);
}

const documents = h("ul", { class: "ak-rag-files" });
const pager = h("div", { class: "ak-rag-row" });
const passages = h("section", { class: "ak-panel ak-rag-passages", hidden: true, "data-testid": "rag-passages" });

function drawDocuments() {
  documents.replaceChildren(...current.documents.map(drawFile));
  if (!current.documents.length) documents.append(h("li", { class: "ak-empty", t: "rag_empty" }));
  pager.replaceChildren(...pages(offset, current.documents.length, current.of, FACTS.page.files, (next) => ((offset = next), open(current.name, true))));
}

function pages(at, shown, of, page, go) {
  if (of <= shown && at === 0) return [];
  return [
    button({ word: "rag_previous", label: "rag_previous", disabled: at === 0, onclick: () => go(Math.max(0, at - page)) }),
    h("span", { class: "ak-help", text: `${count(at + 1)}–${count(at + shown)} / ${count(of)}` }),
    button({ word: "rag_next", label: "rag_next", disabled: at + shown >= of, onclick: () => go(at + shown) }),
  ];
}

function drawFile(file) {
  const good = !file.code;
  const kind = good ? "ok" : file.status;
  const reason = [said(file.reason), said(file.hint)].filter(Boolean).join(" ");
  const charset = h(
    "select",
    { class: "ak-rag-charset", tLabel: "rag_charset", tTitle: "rag_charset", onchange: () => act("rag_charset", { file: file.file, charset: charset.value }) },
    CHARSETS.map((name) => h("option", { value: name, text: name || `${t("rag_charset_auto")}${file.charset ? ` (${file.charset})` : ""}` })),
  );
  return h(
    "li",
    { class: good ? "ak-rag-file" : "ak-rag-file ak-bad" },
    h("span", { class: `ak-badge ak-rag-${kind}`, t: `rag_status_${kind}` }),
    good
      ? h("button", { type: "button", class: "ak-rag-open", text: file.file, onclick: () => showPassages(file.file, 0) })
      : h("span", { class: "ak-rag-open", text: file.file }),
    h("span", { class: "ak-help", text: good ? t("rag_characters", { count: count(file.characters) }) : "" }),
    file.charset || !good ? charset : null,
    button({ label: "rag_delete_file", glyph: "trash", kind: "ak-quiet", onclick: () => askDelete(root, file.file, () => act("rag_remove", { file: file.file })) }),
    reason ? h("p", { class: "ak-help ak-rag-reason", text: reason }) : null,
  );
}

async function act(call, payload) {
  const answer = await ask(call, { name: current.name, ...payload });
  if (complain(answer.error)) return;
  await refresh();
  await open(current.name, true);
}

async function showPassages(file, from) {
  const answer = await ask("rag_passages", { name: current.name, file, offset: from });
  if (complain(answer.error)) return;
  shownPassages = { file, offset: from };
  const title = h("h2", {});
  say(title, "text", "rag_passages", { file });
  passages.hidden = false;
  passages.replaceChildren(
    h("header", { class: "ak-panel-head" }, title, h("span", { class: "ak-spring" }), button({ label: "cancel", glyph: "close", kind: "ak-quiet", onclick: () => ((passages.hidden = true), (shownPassages = null)) })),
    h("ol", { class: "ak-rag-hits" }, answer.passages.map((passage) => h("li", {}, h("p", { class: "ak-rag-sub", text: passage.place }), h("p", { class: "ak-rag-text", text: passage.text })))),
    h("div", { class: "ak-rag-row" }, pages(from, answer.passages.length, answer.of, FACTS.page.passages, (next) => showPassages(file, next))),
  );
  passages.scrollIntoView({ block: "nearest" });
}

// --- trying a query

const query = h("input", { type: "text", class: "ak-rag-query", tPlaceholder: "rag_query", tLabel: "rag_query", onkeydown: (event) => event.key === "Enter" && !event.isComposing && search() });
const k = h("input", { type: "number", min: "1", max: "100", value: "3", class: "ak-rag-k", tLabel: "rag_k", tTitle: "rag_k" });
const mode = h("select", { class: "ak-rag-mode", tLabel: "rag_mode", tTitle: "rag_mode" }, MODES.map((name) => h("option", { value: name, t: `rag_mode_${name}` })));
const hits = h("div", { "data-testid": "rag-hits", "aria-live": "polite" });
const copied = h("span", { class: "ak-help", role: "status" });

async function search() {
  if (!query.value.trim()) return query.focus();
  const answer = await ask("rag_search", { name: current.name, query: query.value, k: Number(k.value) || 3, mode: mode.value });
  if (complain(answer.error)) return;
  lastHits = answer;
  drawHits();
}

function drawHits() {
  if (!lastHits) return;
  hits.replaceChildren(
    h("p", { class: "ak-help", text: t("rag_took", { ms: (lastHits.seconds * 1000).toFixed(1) }) }),
    lastHits.hits.length ? h("ol", { class: "ak-rag-hits" }, lastHits.hits.map(drawHit)) : h("p", { class: "ak-empty", t: "rag_no_hits" }),
  );
}

function drawHit(hit) {
  const facts = [hit.file, hit.place, t("rag_score", { score: hit.score.toPrecision(3) })];
  if (hit.keyword) facts.push(t("rag_hit_keyword", { rank: hit.keyword }));
  if (hit.semantic) facts.push(t("rag_hit_semantic", { rank: hit.semantic }));
  const parts = [];
  // The server counts characters, this language half of some: 𠮷 is one there and two here.
  const characters = [...hit.text];
  let at = 0;
  for (const [start, end] of hit.marks) {
    parts.push(characters.slice(at, start).join(""), h("mark", { text: characters.slice(start, end).join("") }));
    at = end;
  }
  parts.push(characters.slice(at).join(""));
  return h("li", {}, h("p", { class: "ak-rag-sub", text: facts.filter(Boolean).join(" · ") }), h("p", { class: "ak-rag-text" }, parts));
}

async function copyCall() {
  const name = current.name.replace(/\\/g, "\\\\").replace(/'/g, "\\'");
  try {
    await navigator.clipboard.writeText(`{rag('${name}', input)}`);
    say(copied, "text", "rag_copied");
  } catch {
    copied.textContent = `{rag('${name}', input)}`; // the browser allows no clipboard here: it can be marked by hand
  }
}

// --- settings

const settings = {
  search: h("select", { id: "ak-rag-search" }, ["auto", "keyword", "semantic", "hybrid"].map((name) => h("option", { value: name, t: `rag_mode_${name}` }))),
  model: h("input", { type: "text", id: "ak-rag-model", list: "ak-rag-models", spellcheck: "false" }),
  chunk_characters: h("input", { type: "number", id: "ak-rag-size", min: "50", max: "8000" }),
  overlap_characters: h("input", { type: "number", id: "ak-rag-overlap", min: "0", max: "2000" }),
};
const LABELS = { search: "rag_mode", model: "rag_model", chunk_characters: "rag_size", overlap_characters: "rag_overlap" };
const settingsBox = h(
  "details",
  { class: "ak-panel ak-rag-settings" },
  h("summary", { t: "rag_settings" }),
  h("div", { class: "ak-rag-form" }, Object.entries(settings).map(([name, field]) => [h("label", { for: field.id, t: LABELS[name] }), field])),
  h("datalist", { id: "ak-rag-models" }, FACTS.models.map((name) => h("option", { value: name }))),
  h("p", { class: "ak-help", t: "rag_model_help" }),
  h(
    "div",
    { class: "ak-rag-row" },
    button({ word: "rag_apply", label: "rag_apply", kind: "ak-primary", onclick: apply }),
    h("span", { class: "ak-spring" }),
    button({ word: "rag_delete", label: "rag_delete", glyph: "trash", kind: "ak-quiet", onclick: () => askDelete(root, current.name, deleteLibrary) }),
  ),
);

async function apply() {
  const changes = {};
  for (const [name, field] of Object.entries(settings)) changes[name] = field.type === "number" ? Number(field.value) : field.value.trim();
  const answer = await ask("rag_configure", { name: current.name, changes });
  if (complain(answer.error)) return;
  await follow(answer.job);
}

async function deleteLibrary() {
  const answer = await ask("rag_delete", { name: current.name });
  if (complain(answer.error)) return;
  libraries = answer.libraries;
  current = null;
  drawList();
  draw();
}

// --- the whole

const welcome = h("section", { class: "ak-panel ak-rag-welcome" });
const counts = h("p", { class: "ak-help" });
const title = h("h2", { class: "ak-rag-title" });
const all = segments("rag_documents", [{ id: "all", word: "rag_all" }, { id: "failed", word: "rag_failed" }], "all", (id) => {
  failedOnly = id === "failed";
  offset = 0;
  open(current.name, true);
});
const detail = [
  h("header", { class: "ak-rag-head" }, title, counts, copied, button({ word: "rag_copy", label: "rag_copy", glyph: "copy", onclick: copyCall })),
  h("section", { class: "ak-panel ak-rag-section" }, bring, work, outcome),
  h("section", { class: "ak-panel ak-rag-section" }, h("header", { class: "ak-rag-row" }, h("h2", { t: "rag_try" })), h("div", { class: "ak-rag-row" }, query, k, mode, button({ word: "rag_search", label: "rag_search", kind: "ak-primary", onclick: search })), hits),
  h("section", { class: "ak-panel ak-rag-section" }, h("header", { class: "ak-rag-row" }, h("h2", { t: "rag_documents" }), h("span", { class: "ak-spring" }), all), documents, pager),
  passages,
  settingsBox,
];

function draw() {
  if (!current) {
    welcome.replaceChildren(
      h("p", {}, prose(t("rag_none"))),
      ...(libraries.length ? [] : [button({ word: "rag_sample", label: "rag_sample", kind: "ak-primary", onclick: makeSample })]),
    );
    main.replaceChildren(welcome);
    return;
  }
  if (!main.contains(title)) main.replaceChildren(...detail);
  title.textContent = current.name;
  say(counts, "text", "rag_counts", { files: count(current.files), passages: count(current.passages), characters: count(current.characters) });
  if (!settingsBox.open) for (const [name, field] of Object.entries(settings)) field.value = current.settings[name] ?? "";
  if (current.problem && current.state === "broken") complain({ type: "FileError", message: current.problem });
  if (!shownPassages) passages.hidden = true;
  drawDocuments();
}

document.addEventListener("akachat:language", (event) => {
  language = event.detail;
  relabel(root);
  drawList();
  if (current) drawDocuments();
  else draw();
  drawHits();
});

refresh().then(draw);
