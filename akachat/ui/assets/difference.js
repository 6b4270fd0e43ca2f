// What differs between two texts and their options, drawn: lines with the words that changed in them, and values.

/** compared: the server's answer; showAll() is called where somebody wants the lines between as well. */
function drawDifference(compared, showAll) {
  const parts = [];
  if (compared.options.length) parts.push(drawOptionChanges(compared.options));
  if (compared.hunks.length) parts.push(drawHunks(compared, showAll));
  if (!parts.length) parts.push(h("p", { class: "ak-empty", t: "versions_equal" }));
  return parts;
}

function drawHunks({ hunks, lines: count, left_out: left }, showAll) {
  const lines = [];
  let last = 0; // the last line of the newer text that was drawn
  for (const hunk of hunks) {
    const first = hunk.find((line) => line.new !== null)?.new ?? last + 1;
    if (first > last + 1) lines.push(gap(first - last - 1, showAll));
    lines.push(...hunk.map(drawLine));
    last = hunk.findLast((line) => line.new !== null)?.new ?? last;
  }
  if (count > last && !left) lines.push(gap(count - last, showAll));
  const more = left ? h("p", { class: "ak-help" }) : null;
  if (more) say(more, "text", "versions_left_out", { count: left });
  return h("div", { class: "ak-diff", role: "group", tLabel: "versions_difference" }, lines, more);
}

function gap(count, showAll) {
  const node = h("button", { type: "button", class: "ak-diff-gap", onclick: showAll });
  say(node, "text", count === 1 ? "versions_gap_one" : "versions_gap", { count });
  return node;
}

function drawLine({ kind, old, new: fresh, parts }) {
  const sign = { same: " ", old: "−", new: "+" }[kind];
  const tag = { same: "span", old: "del", new: "ins" }[kind];
  return h(
    "div",
    { class: `ak-diff-line ak-diff-${kind}` },
    h("span", { class: "ak-diff-number", "aria-hidden": "true", text: old ?? "" }),
    h("span", { class: "ak-diff-number", "aria-hidden": "true", text: fresh ?? "" }),
    h("span", { class: "ak-diff-sign", text: sign }),
    h(tag, { class: "ak-diff-text" }, parts.map(([text, changed]) => (changed ? h("mark", { text }) : text))),
  );
}

function drawOptionChanges(changes) {
  const rows = changes.map(({ name, old, new: fresh }) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, known(`option_${name}`) ? h("span", { t: `option_${name}` }) : null, h("code", { text: name })),
      h("td", {}, drawValue("del", old)),
      h("td", {}, drawValue("ins", fresh)),
    ),
  );
  return h(
    "table",
    { class: "ak-diff-options" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col", t: "options" }), h("th", { scope: "col", t: "versions_older" }), h("th", { scope: "col", t: "versions_newer" }))),
    h("tbody", {}, rows),
  );
}

function drawValue(tag, value) {
  if (value === null) return h("span", { class: "ak-help", t: "versions_unset" });
  return h(tag, { text: typeof value === "string" ? value : JSON.stringify(value) });
}
