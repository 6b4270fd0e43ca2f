// What a prompt was: the dialog of its versions, with what each changed, any two side by side, and the way back.

const EVERYTHING = 1_000_000; // lines around a change: all there are
const NOW = "now"; // what the editor holds, saved or not

function timeText(time) {
  const at = new Date(time);
  const year = at.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" };
  return at.toLocaleString(language, { ...year, month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
}

/** content(): what the editor holds; put(version): takes one over. */
async function openVersions(root, name, content, put) {
  const list = h("ol", { class: "ak-versions-list", tLabel: "versions_list" });
  const against = h("select", { class: "ak-versions-against", tLabel: "versions_against", onchange: () => compare() });
  const view = segments("versions_view", [{ id: "difference", word: "versions_difference" }, { id: "text", word: "versions_text" }], "difference", () => show());
  const restore = button({ word: "versions_put", label: "versions_put_help", glyph: "undo", kind: "ak-primary", onclick: () => take() });
  const shown = h("div", { class: "ak-versions-shown", "aria-live": "polite", tabindex: "0", "data-testid": "versions-shown" });
  const side = h("label", { class: "ak-versions-with" }, h("span", { t: "versions_against" }), against);
  const body = h(
    "div",
    { class: "ak-versions-body" },
    list,
    h("section", { class: "ak-versions-detail" }, h("div", { class: "ak-versions-bar" }, view, side, h("span", { class: "ak-spring" }), restore), shown),
  );
  const closer = button({ label: "close", glyph: "close", kind: "ak-quiet ak-versions-close", onclick: () => dialog.close() });
  const dialog = openDialog(root, "versions_title", { name }, [closer, body], () => {});
  dialog.classList.add("ak-versions");

  let rows = []; // what is in the list, the newest first: versions, and what the editor holds
  let chosen = null;
  let whole = null; // the chosen version with its text
  let all = false; // whether the lines between the changes are shown too
  let asked = 0; // counts questions, so that a late answer does not replace a newer one

  const fail = (error) => shown.replaceChildren(errorCard(error));
  shown.replaceChildren(h("p", { class: "ak-empty", t: "versions_loading" }));
  const result = await ask("versions", { name, now: content() });
  if (result.error) return fail(result.error);
  rows = [...(result.draft ? [{ id: NOW, ...result.draft }] : []), ...result.versions];
  if (!rows.some(({ id }) => id !== NOW)) {
    body.replaceChildren(h("p", { class: "ak-empty ak-versions-none", t: "versions_none" }));
    return;
  }
  list.replaceChildren(...rows.map((row, index) => h("li", {}, drawRow(row, index))));
  list.addEventListener("keydown", walk);
  choose(0);
  list.querySelector("button").focus();

  function drawRow(row, index) {
    const title = row.id === NOW ? h("span", { class: "ak-versions-time", t: "versions_editor" }) : h("span", { class: "ak-versions-time", text: timeText(row.time), title: row.time });
    const badges = [row.current && h("span", { class: "ak-badge ak-versions-now", t: "versions_now" }), row.origin === "found" && h("span", { class: "ak-badge", t: "versions_found", tTitle: "versions_found_help" })];
    const counts = [row.added && h("span", { class: "ak-versions-added", text: `+${row.added}` }), row.removed && h("span", { class: "ak-versions-removed", text: `−${row.removed}` })];
    const options = row.options.length ? h("span", { class: "ak-versions-options", text: row.options.join(", ") }) : null;
    return h("button", { type: "button", class: "ak-versions-row", "data-id": row.id, onclick: () => choose(index) }, h("span", { class: "ak-versions-head" }, title, badges), h("span", { class: "ak-versions-sum" }, counts.filter(Boolean), options));
  }

  function walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const next = step && list.querySelectorAll("button")[rows.indexOf(chosen) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.click();
  }

  function choose(index) {
    chosen = rows[index];
    whole = null;
    all = false;
    list.querySelectorAll("button").forEach((row, i) => row.setAttribute("aria-current", String(i === index)));
    const before = rows[index + 1]?.id;
    const others = rows.filter(({ id }) => id !== chosen.id);
    if (chosen.id !== NOW && !others.some(({ id }) => id === NOW)) others.unshift({ id: NOW });
    against.replaceChildren(...others.map(({ id, time }) => h("option", { value: id, text: id === before ? t("versions_before", { time: timeText(time) }) : id === NOW ? t("versions_editor") : timeText(time) })));
    against.value = before ?? NOW;
    restore.disabled = chosen.id === NOW;
    show();
  }

  function show() {
    const isText = view.dataset.chosen === "text";
    side.hidden = isText;
    return isText ? showText() : compare();
  }

  /** Asks a question of which only the newest answer counts; null for one that came too late. */
  async function newest(call, payload) {
    const mine = ++asked;
    const answer = await ask(call, payload);
    if (mine !== asked) return null;
    if (!answer.error) return answer;
    fail(answer.error);
    return null;
  }

  async function compare() {
    // Always from the older to the newer, whichever of them was chosen first.
    const place = (id) => (id === NOW ? -1 : rows.findIndex((row) => row.id === id));
    const [old, fresh] = place(chosen.id) > place(against.value) ? [chosen.id, against.value] : [against.value, chosen.id];
    const answer = await newest("compare_versions", { name, old, new: fresh, now: content(), all });
    if (answer) shown.replaceChildren(...drawDifference(answer, showAll));
  }

  function showAll() {
    all = true;
    compare();
  }

  async function showText() {
    whole = chosen.id === NOW ? content() : await newest("version", { name, id: chosen.id });
    if (whole) shown.replaceChildren(h("pre", { class: "ak-versions-whole", text: whole.instruction }), h("pre", { class: "ak-versions-whole ak-versions-json", text: JSON.stringify(whole.options, null, 2) }));
  }

  async function take() {
    const version = await newest("version", { name, id: chosen.id });
    if (!version) return;
    dialog.close();
    put(version);
  }
}

/** The prompts that are deleted; back(name) brings one back, and gives an error to show or nothing. */
async function openDeleted(root, back) {
  const list = h("ul", { class: "ak-deleted-list" });
  const problem = h("div", {});
  const close = h("div", { class: "ak-dialog-buttons" }, h("button", { type: "button", class: "ak-button", t: "close", onclick: () => dialog.close() }));
  const dialog = openDialog(root, "deleted_title", null, [h("p", { class: "ak-help", t: "deleted_help" }), problem, list, close], () => {});
  dialog.classList.add("ak-deleted");
  draw(await ask("deleted_prompts"));

  function draw(result) {
    problem.replaceChildren(...(result.error ? [errorCard(result.error)] : []));
    if (result.error) return;
    const none = h("li", { class: "ak-empty", t: "deleted_none" });
    list.replaceChildren(...(result.prompts.length ? result.prompts.map(drawDeleted) : [none]));
  }

  function drawDeleted({ name, time, characters }) {
    const about = h("span", { class: "ak-help" });
    say(about, "text", "deleted_about", { time: timeText(time), characters });
    const bring = async () => {
      const error = await back(name);
      if (error) draw({ error });
      else dialog.close();
    };
    // For good, and so in two steps: the first only shows the button that does it.
    const forget = h("button", { type: "button", class: "ak-button ak-danger", t: "deleted_forget_now", hidden: true, onclick: async () => draw(await ask("forget_prompt", { name })) });
    const trash = button({ label: "deleted_forget", glyph: "trash", kind: "ak-quiet", onclick: () => ((trash.hidden = true), (forget.hidden = false), forget.focus()) });
    return h(
      "li",
      {},
      h("span", { class: "ak-deleted-name" }, h("strong", { text: name }), about),
      h("span", { class: "ak-deleted-do" }, h("button", { type: "button", class: "ak-button", t: "deleted_back", onclick: bring }), trash, forget),
    );
  }
}
