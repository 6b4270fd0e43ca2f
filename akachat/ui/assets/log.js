// The log tab: what ran, found again; one of them whole; and the same question asked again, with both answers compared.

const root = element.querySelector(".ak-page");
let runs = [];
let cursor = "";
let asked = 0; // counts the searches, so that a late answer does not replace a newer one
let scanned = 0;
let rules = null;
let days = [];
let current = null; // the open run
let opened = null; // where it was found: {id, at}
let replaying = null; // the id of the run that asks again
let outcome = null; // what it gave

const done = makeDone();
const problem = h("div", { class: "ak-rec-problem", role: "alert" });
function complain(error) {
  problem.error = error;
  problem.replaceChildren(...(error ? [errorCard(error)] : []));
  return Boolean(error);
}
const outcomeWord = (reason) => (known(`log_outcome_${reason}`) ? t(`log_outcome_${reason}`) : (reason ?? ""));
const sourceWord = (source) => (known(`log_source_${source}`) ? t(`log_source_${source}`) : (source ?? ""));

// --- searching

const look = () => debounced();
const fields = {
  text: h("input", { type: "text", tPlaceholder: "log_text", tLabel: "log_text", class: "ak-rec-search", oninput: look }),
  prompt: h("input", { type: "text", tPlaceholder: "log_prompt", tLabel: "log_prompt", list: "ak-log-prompts", onchange: look }),
  model: h("input", { type: "text", tPlaceholder: "log_model", tLabel: "log_model", list: "ak-log-models", oninput: look }),
  source: h("select", { tLabel: "log_source", onchange: look }, ["", "page", "api", "cli", "python", "llm"].map((each) => h("option", { value: each, t: `log_source_${each}` }))),
  outcome: h("select", { tLabel: "log_outcome", onchange: look }, ["", ...FACTS.outcomes].map((each) => h("option", { value: each, t: `log_outcome_${each}` }))),
  since: h("input", { type: "date", tLabel: "log_since", tTitle: "log_since", onchange: look }),
  until: h("input", { type: "date", tLabel: "log_until", tTitle: "log_until", onchange: look }),
};
const nested = h("input", { type: "checkbox", id: "ak-log-nested", onchange: look });
const filters = h(
  "div",
  { class: "ak-log-filters", role: "search" },
  fields.text,
  h(
    "div",
    { class: "ak-log-facets" },
    fields.prompt,
    fields.model,
    fields.source,
    fields.outcome,
    h("label", { class: "ak-log-days" }, fields.since, h("span", { "aria-hidden": "true", text: "–" }), fields.until),
    h("label", { class: "ak-check", for: "ak-log-nested" }, nested, h("span", { t: "log_nested" })),
  ),
  h("datalist", { id: "ak-log-prompts" }),
  h("datalist", { id: "ak-log-models" }),
);
const list = h("ul", { class: "ak-log-list", "data-testid": "log-list" });
const far = h("p", { class: "ak-help", role: "status", "aria-live": "polite", "data-testid": "log-far" });
const further = button({ word: "log_further", label: "log_further", onclick: () => search(true) });
const off = h("p", { class: "ak-rec-warn", hidden: true });

const isAsking = () => Object.values(fields).some((field) => field.value) || nested.checked;
const query = () => ({ ...Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value])), nested: nested.checked });

async function search(more) {
  const mine = ++asked;
  list.setAttribute("aria-busy", "true");
  const answer = await ask("log_search", { ...query(), cursor: more ? cursor : "" });
  if (mine !== asked) return;
  list.removeAttribute("aria-busy");
  if (complain(answer.error)) return;
  runs = more ? [...runs, ...answer.runs] : answer.runs;
  scanned = (more ? scanned : 0) + answer.scanned;
  ({ cursor, rules, days } = answer);
  drawList(answer.reached);
}
const debounced = debounce(() => search(false), 250);

function drawList(reached) {
  list.replaceChildren(...runs.map(drawRun));
  if (!runs.length && !cursor) list.append(h("li", { class: "ak-empty ak-rec-pad" }, isAsking() ? t("rec_nothing") : prose(t("log_none"))));
  if (reached !== undefined) {
    far.dataset.reached = reached;
    say(far, "text", cursor ? "log_far" : "log_all", { n: number(runs.length), size: megabytes(scanned), to: reached.replace("T", " ") });
  }
  further.hidden = !cursor;
  off.hidden = !rules || (rules.enabled && !rules.dropped);
  if (rules) say(off, "text", rules.enabled ? "log_dropped" : "log_off", { n: number(rules.dropped) });
  if (rules) say(keeps, "text", "log_keeps", { days: rules.days, size: number(Math.round(rules.total_bytes / 1e6)) });
}

function drawRun(run) {
  const facts = [run.prompt ?? t("log_no_prompt"), run.model].filter(Boolean).join(" · ");
  const cost = [run.tokens === null ? "" : t("stat_tokens", { n: number(run.tokens) }), run.seconds === null ? "" : t("stat_seconds", { n: seconds(run.seconds) })].filter(Boolean).join(" · ");
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", class: run.parent ? "ak-log-run ak-log-child" : "ak-log-run", "aria-current": run.id === opened?.id ? "true" : null, "data-id": run.id, onclick: () => open(run.id, run.at) },
      h("span", { class: "ak-rec-line" }, h("time", { class: "ak-log-time", datetime: run.time, text: when(run.time) }), h("span", { class: "ak-badge", text: sourceWord(run.source) }), run.raw ? h("span", { class: "ak-badge ak-raw", t: "raw" }) : null, h("span", { class: "ak-spring" }), h("span", { class: `ak-log-outcome ak-log-${run.outcome}`, text: outcomeWord(run.outcome) })),
      h("span", { class: "ak-rec-line" }, h("span", { class: "ak-log-facts", text: facts }), h("span", { class: "ak-spring" }), h("span", { class: "ak-rec-sub", text: cost })),
      run.input ? h("span", { class: "ak-log-input", text: run.input }) : null,
      h("span", { class: run.outcome === "error" ? "ak-log-answer ak-field-error" : "ak-log-answer", text: run.outcome === "error" ? said(run.error) : run.result || t("answer_nothing") }),
    ),
  );
}

// --- one of them

const detail = h("section", { class: "ak-panel ak-log-detail", hidden: true, "data-testid": "log-detail" });

async function open(id, at) {
  if (replaying) stop(); // its answer would belong to another run
  opened = { id, at };
  mark(id);
  const answer = await ask("log_open", { id, at: at ?? "" });
  if (opened?.id !== id || complain(answer.error)) return;
  current = answer.run;
  outcome = null;
  drawDetail();
  detail.scrollTop = 0;
  if (matchMedia("(max-width: 900px)").matches) detail.scrollIntoView({ block: "start" });
}

function part(word, content, { open = false, mono = false, copy } = {}) {
  if (content === null || content === undefined || content === "") return null;
  const body = typeof content === "string" ? h("div", { class: mono ? "ak-text ak-mono" : "ak-text", text: content }) : content;
  return h("details", { class: "ak-log-part", open, "data-part": word }, h("summary", { t: word }), h("div", { class: "ak-log-body", tabindex: "0", role: "region", tLabel: word }, copy ? button({ label: "copy", glyph: "copy", kind: "ak-quiet ak-log-copy", onclick: () => copyText(copy, done) }) : null, body));
}

const json = (value) => JSON.stringify(value, null, 2);
const filled = (value) => value && Object.keys(value).length;

function drawDetail() {
  detail.hidden = !current;
  emptyDetail.hidden = Boolean(current);
  if (!current) return;
  const run = current;
  const short = run.short;
  const timings = run.timings ?? {};
  const facts = [
    [t("log_time"), when(run.time)],
    [t("log_source"), sourceWord(run.source)],
    [t("log_model"), run.model],
    [t("log_outcome"), outcomeWord(run.finish_reason)],
    run.usage ? [t("log_tokens"), t("log_tokens_value", { prompt: number(run.usage[0]), answer: number(run.usage[1]) })] : null,
    timings.total ? [t("log_seconds"), [t("stat_seconds", { n: seconds(timings.total) }), timings.first_token ? t("stat_first", { n: seconds(timings.first_token) }) : "", timings.tokens_per_second ? t("stat_speed", { n: timings.tokens_per_second.toFixed(1) }) : ""].filter(Boolean).join(" · ")] : null,
    ["id", run.id],
  ].filter(Boolean);
  const parts = [
    h(
      "header",
      { class: "ak-panel-head" },
      h("h2", { class: "ak-rec-title", text: run.prompt ?? t("log_no_prompt") }),
      h("span", { class: "ak-spring" }),
      run.parent ? button({ word: "log_parent", label: "log_parent", kind: "ak-quiet", onclick: () => open(run.parent) }) : null,
      button({ word: "log_to_prompt", label: "log_to_prompt_help", onclick: toPrompt }),
      button({ label: "rec_close", glyph: "close", kind: "ak-quiet", onclick: close }),
    ),
    h("dl", { class: "ak-log-dl" }, facts.map(([name, value]) => [h("dt", { text: name }), h("dd", { text: String(value ?? "") })])),
    run.error ? errorCard({ ...run.error, source: undefined }) : null,
    part("input", run.input, { open: true, copy: run.input }),
    part("answer", run.result || (run.error ? "" : t("answer_nothing")), { open: true, copy: run.result }),
    replay,
    part("log_instruction", run.instruction, { mono: true, copy: run.instruction }),
    part("log_rendered", run.text, { copy: run.text }),
    run.messages?.length ? part("log_messages", h("ul", { class: "ak-messages" }, run.messages.map(drawMessage))) : null,
    run.history?.length ? part("history", h("ul", { class: "ak-messages" }, run.history.map(drawMessage))) : null,
    filled(run.variables) ? part("log_variables", json(run.variables), { mono: true }) : null,
    run.trace?.length ? part("calls", h("div", {}, drawCalls(run.trace), h("div", { class: "ak-rec-row" }, calledRuns(run.trace)))) : null,
    part("options", json(run.options ?? {}), { mono: true, copy: json(run.options ?? {}) }),
    run.notes?.length ? part("notes", h("ul", { class: "ak-log-notes" }, run.notes.map((note) => h("li", { text: said(note) })))) : null,
    run.cut ? part("log_cut", json(run.cut), { mono: true }) : null,
    part("log_whole", json({ ...run, short: undefined, notes: run.notes?.map((note) => note.en), error: run.error && { ...run.error, message: run.error.message?.en, hint: run.error.hint?.en } }), { mono: true }),
  ];
  detail.replaceChildren(...parts.filter(Boolean));
  if (short.raw) detail.querySelector("h2").after(h("span", { class: "ak-badge ak-raw", t: "raw" }));
  drawReplay();
}

/** A way to each run that this one called. */
function calledRuns(calls) {
  return calls.flatMap((call) => [call.detail?.id ? button({ word: "log_child", label: "log_child", onclick: () => open(call.detail.id) }) : null, ...calledRuns(call.calls ?? [])]);
}

function close() {
  if (replaying) stop();
  current = opened = null;
  drawDetail();
  mark(null);
}

function mark(id) {
  for (const each of list.querySelectorAll(".ak-log-run")) {
    if (each.dataset.id === id) each.setAttribute("aria-current", "true");
    else each.removeAttribute("aria-current");
  }
}

/** Hands the run to the prompt tab, as an edit that is not saved. */
function toPrompt() {
  const { prompt, instruction, options, input, history } = current;
  document.dispatchEvent(new CustomEvent("akachat:open-draft", { detail: { name: prompt, instruction: instruction ?? "", options: options ?? {}, input: input ?? "", messages: history ?? [] } }));
}

// --- asking again

const version = h("select", { class: "ak-log-version", tLabel: "log_version" });
const model = h("input", { type: "text", class: "ak-log-model", tLabel: "log_new_model", tPlaceholder: "log_new_model", list: "ak-log-all-models", autocomplete: "off" });
const temperature = h("input", { type: "number", min: "0", max: "5", step: "0.1", class: "ak-rec-few", tLabel: "option_temperature", tPlaceholder: "option_temperature" });
const go = button({ word: "log_again", label: "log_again_help", glyph: "play", filled: true, kind: "ak-primary", onclick: again });
const halt = button({ word: "stop", label: "stop_help", glyph: "stop", filled: true, hidden: true, onclick: () => stop() });
const state = h("span", { class: "ak-help", role: "status", "aria-live": "polite" });
const result = h("div", { class: "ak-log-result", "data-testid": "log-replay" });
const replay = h(
  "section",
  { class: "ak-log-replay" },
  h("h3", { t: "log_replay" }),
  h("div", { class: "ak-rec-row" }, version, model, temperature, go, halt, state),
  h("p", { class: "ak-help", t: "log_replay_help" }),
  h("datalist", { id: "ak-log-all-models" }),
  result,
);

async function readChoices() {
  const answer = await ask("log_choices");
  if (complain(answer.error)) return;
  const chosen = version.value;
  version.replaceChildren(h("option", { value: "", t: "log_as_logged" }), ...answer.prompts.map((name) => h("option", { value: name, text: t("log_saved_now", { name }) })));
  version.value = answer.prompts.includes(chosen) ? chosen : "";
  const names = (id, values) => root.querySelector(`#${id}`)?.replaceChildren(...values.map((value) => h("option", { value })));
  names("ak-log-prompts", answer.prompts);
  names("ak-log-models", answer.models);
  replay.querySelector("datalist").replaceChildren(...answer.models.map((value) => h("option", { value })));
}

async function again() {
  if (replaying || !current) return;
  const run = crypto.randomUUID?.() ?? `log-${Date.now()}-${Math.random().toString(36).slice(2)}`;
  replaying = run;
  outcome = null;
  drawReplay();
  const options = temperature.value === "" ? {} : { temperature: Number(temperature.value) };
  const answer = await ask("log_replay", { id: current.id, at: opened.at ?? "", prompt: version.value, model: model.value, options, run });
  if (replaying !== run) return; // stopped, or another run is open
  replaying = null;
  outcome = answer;
  drawReplay();
  if (runs.length <= 50) search(false); // it is in the log too by now; who has gone further back is left there
}

function stop() {
  const run = replaying;
  replaying = null;
  drawReplay();
  say(state, "text", "phase_stopped");
  ask("log_stop", { run });
}

function drawReplay() {
  go.hidden = Boolean(replaying);
  halt.hidden = !replaying;
  if (replaying) say(state, "text", "phase_waiting");
  else state.textContent = "";
  if (!outcome) return result.replaceChildren();
  if (outcome.error) return result.replaceChildren(errorCard({ ...outcome.error, source: undefined }));
  const column = (head, kind, empty) =>
    h(
      "section",
      { class: "ak-log-side" },
      h("h4", { text: head }),
      h("div", { class: "ak-text" }, outcome.differences.filter((piece) => piece.kind === "same" || piece.kind === kind).map((piece) => (piece.kind === "same" ? piece.text : h(kind === "old" ? "del" : "ins", { text: piece.text })))),
      empty ? h("p", { class: "ak-empty", t: "answer_nothing" }) : null,
    );
  const same = outcome.differences.every((piece) => piece.kind === "same");
  const cost = [t("stat_tokens", { n: number(outcome.usage.completion_tokens) }), t("stat_seconds", { n: seconds(outcome.timings.total) })].join(" · ");
  result.replaceChildren(
    h("p", { class: "ak-help" }, h("b", { t: same ? "log_same" : "log_differs" }), ` ${cost}`),
    h("div", { class: "ak-log-sides" }, column([when(outcome.before.time), outcome.before.model].filter(Boolean).join(" · "), "old", !outcome.before.result), column([t("log_now"), outcome.model, version.value].filter(Boolean).join(" · "), "new", !outcome.result)),
    outcome.masked ? h("p", { class: "ak-rec-warn", t: "log_masked" }) : "",
    ...(outcome.notes ?? []).map((note) => h("p", { class: "ak-help", text: said(note) })),
  );
}

// --- deleting

const keeps = h("p", { class: "ak-help" });

function askToDelete() {
  const day = h("select", { id: "ak-log-day" }, h("option", { value: "", t: "log_every_day" }), days.map((each) => h("option", { value: each.day, text: `${each.day} (${megabytes(each.bytes)} MB)` })));
  askSure(root, "log_delete_title", null, [h("label", { for: "ak-log-day", t: "log_delete_which" }), day, h("p", { t: "log_delete_text" })], "delete_now", async () => {
    const answer = await ask("log_delete", { day: day.value });
    if (complain(answer.error)) return;
    close();
    await search(false);
    done.say("log_deleted", { size: megabytes(answer.bytes) });
  });
}

// --- the whole

const emptyDetail = h("section", { class: "ak-panel ak-rec-hole ak-log-empty" }, h("p", { t: "log_hole" }));
root.append(
  h(
    "div",
    { class: "ak-log" },
    h(
      "section",
      { class: "ak-panel ak-log-find" },
      h("header", { class: "ak-panel-head" }, h("h2", { t: "tab_log" }), h("span", { class: "ak-spring" }), button({ label: "log_refresh", glyph: "reload", kind: "ak-quiet", onclick: () => search(false) }), button({ word: "log_delete", label: "log_delete", glyph: "trash", kind: "ak-quiet", onclick: askToDelete })),
      filters,
      off,
      list,
      h("div", { class: "ak-rec-foot" }, far, h("span", { class: "ak-spring" }), further),
      h("div", { class: "ak-rec-pad" }, keeps),
    ),
    h("div", { class: "ak-rec-main" }, done.node, problem, emptyDetail, detail),
  ),
);
tabKeys(root, { run: () => (current ? again() : false), stop: () => (replaying ? stop() : false) });
document.addEventListener("akachat:language", (event) => {
  language = event.detail;
  relabel(root);
  drawList();
  drawDetail();
  readChoices();
  if (problem.error) complain(problem.error);
});
whenShown(root, async () => {
  readChoices();
  if (!cursor || runs.length <= 50) await search(false); // who has gone further back is left there
});
