// A model's Markdown as elements: the parser's tokens become text nodes and elements of ours, never markup of theirs.
// No picture is loaded, no HTML is taken as such, and a link says where it leads.

const MARKDOWN = { gfm: true, breaks: true };
const SCHEMES = ["http:", "https:", "mailto:"];
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };
const SLOW = 400; // milliseconds that reading a text may take before it is shown as it stands

/**
 * A view of a text that grows. While it grows, only its last block is read and made anew: everything before that is
 * settled. At its end it is read once as a whole, since a later line may say what an earlier one refers to.
 */
function makeMarkdown() {
  const node = h("div", { class: "ak-md" });
  let blocks = []; // [{ raw, node }], spaces too, with no node
  let shown = null;
  let slow = false;

  function plainly(text) {
    blocks = [];
    node.replaceChildren(h("div", { class: "ak-text", text }));
  }

  function read(text) {
    const began = performance.now();
    const tokens = marked.lexer(text, MARKDOWN);
    slow = performance.now() - began > SLOW;
    return tokens;
  }

  function show(given, { plain = false, grows = false } = {}) {
    const key = `${plain}${grows}${given}`;
    if (key === shown) return;
    shown = key;
    const text = given.replace(/\r\n?/g, "\n");
    if (plain || slow) return plainly(text);
    const last = grows ? Math.max(0, blocks.findLastIndex((each) => each.node)) : 0;
    const settled = blocks.slice(0, last).map((each) => each.raw).join("");
    const from = text.startsWith(settled) ? last : 0;
    try {
      put(from, read(text.slice(from ? settled.length : 0)));
    } catch {
      slow = true; // nested deeper than the parser goes
      plainly(text);
    }
  }

  /** Puts tokens from a place on; those that stand there already stay. */
  function put(from, tokens) {
    if (!blocks.length) node.replaceChildren();
    let same = 0;
    while (from + same < blocks.length && same < tokens.length && blocks[from + same].raw === tokens[same].raw) same++;
    for (const gone of blocks.splice(from + same)) gone.node?.remove();
    for (const token of tokens.slice(same)) {
      const made = token.type === "space" || token.type === "def" ? null : blockOf(token);
      if (made) node.append(made);
      blocks.push({ raw: token.raw, node: made });
    }
  }

  return { node, show };
}

const inlines = (token) => (token.tokens ? token.tokens.map(inlineOf) : [decoded(token.text ?? token.raw)]);

function blockOf(token) {
  switch (token.type) {
    case "heading":
      return h("p", { class: `ak-md-head ak-md-head-${token.depth}`, role: "heading", "aria-level": String(Math.min(6, token.depth + 1)) }, inlines(token));
    case "paragraph":
    case "text":
      return h("p", {}, inlines(token));
    case "code":
      return codeOf(token.text, (token.lang ?? "").split(/\s/)[0]);
    case "blockquote":
      return h("blockquote", {}, token.tokens.filter((each) => each.type !== "space").map(blockOf));
    case "list":
      return listOf(token);
    case "table":
      return tableOf(token);
    case "hr":
      return h("hr");
    default:
      return h("p", { class: "ak-md-raw", text: token.raw }); // HTML, and whatever else there may be one day
  }
}

function listOf(token) {
  const items = token.items.map((item) => {
    const parts = item.tokens.filter((each) => !["space", "checkbox"].includes(each.type));
    const box = item.task ? h("span", { class: "ak-md-box", role: "img", "aria-label": item.checked ? "☑" : "☐", text: item.checked ? "☑ " : "☐ " }) : null;
    // The lines of a tight list stand without paragraphs around them.
    const content = parts.map((each) => (each.type === "text" ? h("span", {}, inlines(each)) : blockOf(each)));
    return h("li", {}, box, content);
  });
  return token.ordered ? h("ol", { start: token.start === 1 ? null : String(token.start) }, items) : h("ul", {}, items);
}

function tableOf(token) {
  const cell = (tag) => (each, index) => h(tag, { style: token.align[index] ? `text-align: ${token.align[index]}` : null }, inlines(each));
  return h(
    "div",
    { class: "ak-md-table" },
    h("table", {}, h("thead", {}, h("tr", {}, token.header.map(cell("th")))), h("tbody", {}, token.rows.map((row) => h("tr", {}, row.map(cell("td")))))),
  );
}

function codeOf(text, language) {
  const copied = h("span", { class: "ak-help", role: "status" });
  const copy = button({ label: "copy", glyph: "copy", kind: "ak-quiet", onclick: async () => (await copyText(text)) && say(copied, "text", "copied") });
  return h("div", { class: "ak-md-code" }, h("div", { class: "ak-md-code-head" }, h("span", { text: language }), copied, copy), h("pre", { class: "ak-mono", tabindex: "0" }, h("code", { text })));
}

function inlineOf(token) {
  switch (token.type) {
    case "strong":
      return h("strong", {}, inlines(token));
    case "em":
      return h("em", {}, inlines(token));
    case "del":
      return h("del", {}, inlines(token));
    case "codespan":
      return h("code", { text: token.text });
    case "br":
      return h("br");
    case "escape":
      return decoded(token.text);
    case "text":
      return h("span", {}, inlines(token));
    case "link":
      return linkOf(token.href, inlines(token), token.text);
    case "image":
      return linkOf(token.href, [`🖼 ${token.text || token.title || ""}`], "");
    default:
      return token.raw;
  }
}

/** A link that opens elsewhere and says where; an address of another kind stays text. */
function linkOf(address, content, text) {
  let url;
  try {
    url = new URL(decoded(address));
  } catch {
    return h("span", {}, content);
  }
  if (!SCHEMES.includes(url.protocol)) return h("span", {}, content);
  const host = url.host || url.pathname;
  const told = text.includes(host) ? null : h("span", { class: "ak-md-host", text: ` (${host})` });
  return h("span", {}, h("a", { href: url.href, target: "_blank", rel: "noopener noreferrer", title: url.href }, content), told);
}

/** What the parser leaves of HTML's way to write characters. */
function decoded(text) {
  return text.replace(/&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|(\w{2,6}));/g, (all, decimal, hex, name) => {
    if (name) return ENTITIES[name] ?? all;
    const code = decimal ? Number(decimal) : parseInt(hex, 16);
    return code && code <= 0x10ffff ? String.fromCodePoint(code) : all;
  });
}

/** Whether it is on the clipboard now; a browser may refuse, and then the text can still be selected. */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
