// What the model receives: the rendered instruction by origin, the messages, or the one text; and what it counts.

function makePreview(goTo, look) {
  let shown = null; // the last rendering
  let fromRun = false;
  let withIds = false;
  const count = h("span", { class: "ak-tokens" });
  const badge = h("span", { class: "ak-badge", t: "from_run", hidden: true });
  const body = h("div", { class: "ak-preview-body", tabindex: "0", role: "region", tLabel: "preview" });
  const legend = h("ul", { class: "ak-legend", tLabel: "legend" });
  const notes = h("div", { class: "ak-notes" });
  const calls = h("div", { class: "ak-preview-calls" });
  const views = segments(
    "preview",
    ["text", "messages", "prompt", "tokens"].map((id) => ({ id, word: `view_${id}` })),
    "text",
    (id) => {
      draw();
      if (id === "tokens" && shown && !shown.asked) look(); // they are many, and counted for nobody who does not look
    },
  );
  const head = h("header", { class: "ak-panel-head" }, h("h2", { t: "preview" }), badge, h("span", { class: "ak-spring" }), count, views);
  const node = h("section", { class: "ak-panel ak-preview" }, head, h("div", { class: "ak-scroll" }, body, legend, notes, calls));

  function drawText() {
    const pieces = shown.pieces.map((piece) => {
      if (piece.origin === "literal") return h("span", { class: "ak-o-literal", text: piece.text });
      const title = t("go_to", { line: piece.line, origin: originWord(piece.origin) });
      return h("span", { class: `ak-piece ak-o-${piece.origin}`, title, "data-origin": piece.origin, text: piece.text, onclick: () => goTo(piece.line, piece.column) });
    });
    if (shown.raw && shown.prompt !== null) return drawPrompt();
    return pieces.length ? h("div", { class: "ak-text" }, pieces) : h("p", { class: "ak-empty", t: "empty_text" });
  }

  function drawMessages() {
    return h("ol", { class: "ak-messages" }, shown.messages.map(drawMessage));
  }

  function drawPrompt() {
    if (shown.prompt === null) return h("p", { class: "ak-empty", t: "no_prompt" });
    return h("pre", { class: "ak-text ak-mono", text: shown.prompt });
  }

  /** The tokens one by one, with what is white made visible; a character in several of them stands in the last. */
  function drawTokens() {
    if (!shown.asked) return h("p", { class: "ak-empty", t: "preparing" });
    if (!shown.token_list) return h("p", { class: "ak-empty", t: "tokens_unknown" });
    const all = shown.token_list.map(({ id, text }) => {
      const words = text ? text.replace(/ /g, "·").replace(/\t/g, "→").replace(/\u3000/g, "□").replace(/\n/g, "↵\n") : "…";
      return h("span", { class: text ? "ak-token" : "ak-token ak-part", title: `${id}  ${JSON.stringify(text)}` }, h("span", { text: words }), h("small", { text: id }));
    });
    const rest = shown.tokens - all.length;
    const ids = h("input", { type: "checkbox", checked: withIds, onchange: () => ((withIds = ids.checked), draw()) });
    return [
      h("label", { class: "ak-check" }, ids, h("span", { t: "tokens_ids" })),
      h("div", { class: withIds ? "ak-text ak-mono ak-token-list ak-ids" : "ak-text ak-mono ak-token-list", "data-testid": "tokens" }, all),
      rest > 0 ? h("p", { class: "ak-empty", text: t("tokens_rest", { n: rest.toLocaleString() }) }) : null,
    ];
  }

  function draw() {
    if (!shown) {
      body.replaceChildren(h("p", { class: "ak-empty", t: "empty_preview" }));
      for (const part of [legend, notes, calls]) part.replaceChildren();
      badge.hidden = true;
      count.textContent = "";
      return;
    }
    const view = views.dataset.chosen;
    const drawn = { messages: drawMessages, prompt: drawPrompt, tokens: drawTokens, text: drawText }[view]();
    body.replaceChildren(...[drawn].flat().filter(Boolean));
    const origins = view === "text" ? [...new Set(shown.pieces.map((piece) => piece.origin))].filter((o) => o !== "literal") : [];
    legend.replaceChildren(...origins.map((o) => h("li", {}, h("span", { class: `ak-swatch ak-o-${o}` }), originWord(o))));
    say(count, "text", shown.exact ? "tokens" : "tokens_estimate", { n: shown.tokens.toLocaleString() });
    say(count, "title", shown.exact ? "tokens_help" : "tokens_estimate_help");
    const old = node.classList.contains("ak-stale");
    badge.hidden = !fromRun && !old;
    say(badge, "text", old ? "stale" : "from_run");
    const dropped = shown.dropped.length
      ? [h("details", { class: "ak-dropped" }, h("summary", { text: t("trimmed", { n: shown.dropped.length }) }), drawCut(shown.cut), h("ol", { class: "ak-messages" }, shown.dropped.map(drawMessage)))]
      : [];
    notes.replaceChildren(...dropped, ...drawNotes(shown.notes));
    calls.replaceChildren(...(fromRun ? [] : drawCalls(shown.trace)));
  }

  draw();
  return {
    node,
    draw,
    /** Whether the tokens one by one are looked at. */
    get tokens() {
      return views.dataset.chosen === "tokens";
    },
    /** `asked`: whether the tokens were asked for with it. */
    show(rendered, run = false, asked = false) {
      shown = rendered && { ...rendered, asked };
      fromRun = run;
      node.classList.remove("ak-stale");
      draw();
      if (run && this.tokens) look();
    },
    stale() {
      node.classList.add("ak-stale");
      draw();
    },
    /** The first question about a model may wait for its tokenizer. */
    preparing() {
      say(count, "text", "preparing");
      count.removeAttribute("title");
      if (!shown) body.replaceChildren(h("p", { class: "ak-empty", t: "preparing" }));
    },
  };
}

const originWord = (origin) => (known(`origin_${origin}`) ? t(`origin_${origin}`) : origin);

function drawMessage(message) {
  const role = known(`role_${message.role}`) ? t(`role_${message.role}`) : message.role;
  const more = Object.keys(message).filter((key) => key !== "role" && key !== "content");
  return h(
    "li",
    { class: `ak-message ak-role-${ROLES.includes(message.role) ? message.role : "other"}` },
    h("span", { class: "ak-role", text: role }),
    h("div", { class: "ak-text", text: message.content }),
    more.length ? h("pre", { class: "ak-mono", text: JSON.stringify(Object.fromEntries(more.map((k) => [k, message[k]])), null, 2) }) : null,
  );
}
const ROLES = ["system", "developer", "user", "assistant", "tool"];

/** How long the prompt was before and after its history was cut, and the summary that stands for what went. */
function drawCut(cut) {
  if (!cut) return [];
  const about = cut.exact ? "" : "≈";
  const facts = t("cut_facts", { before: about + cut.tokens_before.toLocaleString(), after: about + cut.tokens_after.toLocaleString(), rules: cut.rules.join(", ") });
  const by = cut.summary && t(cut.summary_known ? "cut_summary_known" : "cut_summary", { name: cut.summary_by });
  return [h("p", { class: "ak-cut", text: facts }), cut.summary && h("p", { class: "ak-cut", text: by }), cut.summary && h("div", { class: "ak-text ak-cut-summary", text: cut.summary })];
}

function drawNotes(notes) {
  if (!notes?.length) return [];
  return [h("ul", { class: "ak-note-list", tLabel: "notes" }, notes.map((note) => h("li", {}, prose(said(note)))))];
}

/** The tree of calls: one line each, its result a click away, what it called below it. */
function drawCalls(calls) {
  if (!calls?.length) return [];
  return [h("section", { class: "ak-calls" }, h("h3", { t: "calls" }), h("ul", { class: "ak-tree" }, calls.map(drawCall)))];
}

/** What follows `var`: .key where that can be written, else ['any key']. */
function variableName(written) {
  const key = /^'(.*)'$/.exec(written)?.[1] ?? "";
  return plainName(key) ? `.${key}` : `[${written}]`;
}

function drawCall(call) {
  const detail = call.detail ?? {};
  const facts = [];
  if (detail.preview) facts.push(t(detail.preview === "last result" ? "call_last" : "call_not_run"));
  else facts.push(t("stat_seconds", { n: seconds(call.seconds) }));
  if (detail.completion_tokens !== undefined) facts.push(t("stat_tokens", { n: detail.completion_tokens }));
  if (detail.finish_reason === "length") facts.push(t("finish_length"));
  const summary = h(
    "summary",
    {},
    h("code", { class: "ak-call-code" }, h("b", { text: call.name }), call.name === "var" ? variableName(call.arguments) : `(${call.arguments})`),
    h("span", { class: "ak-call-facts", text: facts.join(" · ") }),
  );
  const rest = Object.fromEntries(Object.entries(detail).filter(([key]) => key !== "preview" && key !== "hits"));
  const hits = (detail.hits ?? []).map((hit) =>
    h("li", { class: "ak-call-hit", title: hit.text, text: [hit.library, hit.file, hit.place, hit.score.toPrecision(3)].filter(Boolean).join(" · ") }),
  );
  return h(
    "li",
    { class: call.error ? "ak-call ak-wrong" : "ak-call" },
    h(
      "details",
      { open: Boolean(call.error) },
      summary,
      call.error ? h("p", { class: "ak-field-error" }, prose(said(call.error))) : h("div", { class: "ak-text ak-call-result", text: call.result }),
      hits.length ? h("ul", { class: "ak-call-hits" }, hits) : null,
      Object.keys(rest).length ? h("details", { class: "ak-more" }, h("summary", { t: "call_details" }), h("pre", { class: "ak-mono", text: JSON.stringify(rest, null, 2) })) : null,
    ),
    call.calls?.length ? h("ul", { class: "ak-tree" }, call.calls.map(drawCall)) : null,
  );
}
