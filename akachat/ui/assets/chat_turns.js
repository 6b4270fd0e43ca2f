// The turns of a conversation, and the one that is being answered; a turn that has not changed keeps its elements.

const MOST_SHOWN = 80; // of a long conversation the newest, and as many more as are asked for

/** do: { edit(index, text), regenerate(index), goOn(index), branch(index), remove(index), retry(), back() } */
function makeTurns(act) {
  const list = h("ol", { class: "ak-turns", "data-testid": "turns" });
  const empty = h("div", { class: "ak-chat-empty" });
  const node = h("div", { class: "ak-turns-scroll", tabindex: "0", role: "region", tLabel: "chat_turns" }, empty, list);
  let kept = new Map(); // place → { key, node }
  let answering = null; // the view of the answer that is coming
  let state = { messages: [], live: null, plain: false, hint: null, told: null };
  let editing = null;
  let most = MOST_SHOWN;
  let follows = true; // the reader is at the end, and stays there

  node.addEventListener("scroll", () => (follows = node.scrollHeight - node.scrollTop - node.clientHeight < 60));

  function draw(next) {
    if (next) state = { ...state, ...next };
    const { messages, live } = state;
    const end = live ? live.at : messages.length;
    const unsent = unsentCount();
    const wanted = [];
    let turn = 0; // counts what the history's trimming counts
    const first = Math.max(0, end - most);
    if (first) wanted.push(keep("earlier", [first, language], () => h("li", { class: "ak-turn-earlier" }, button({ word: "chat_earlier", label: "chat_earlier", onclick: earlier }))));
    for (let index = 0; index < end; index++) {
      const message = messages[index];
      const isTurn = message.role !== "system" && message.role !== "developer";
      const gone = isTurn && turn++ < unsent;
      if (index < first) continue;
      wanted.push(keep(index, [message, gone, index === messages.length - 1, index === editing, state.plain, language, message.run && message.run.id === state.told?.id], () => drawMessage(message, index, gone)));
      if (gone && turn === unsent) wanted.push(keep("cut", [unsent, language], () => h("li", { class: "ak-turn-cut", text: t("chat_unsent_line", { n: unsent }) })));
    }
    if (live) wanted.push(keep("asked", [live.input, live.raw, language], () => drawAsked(live)), keep("live", [live.id, language], () => drawLive(live)));
    for (const [place, each] of kept) if (!wanted.includes(each)) kept.delete(place);
    place(wanted.map((each) => each.node));
    empty.hidden = Boolean(wanted.length);
    empty.replaceChildren(...(wanted.length || !state.hint ? [] : [state.hint()]));
    if (live) show(live);
    if (follows) node.scrollTop = node.scrollHeight;
  }

  /** Shows more of what was said before, where the reader is. */
  function earlier() {
    const below = node.scrollHeight - node.scrollTop;
    most += MOST_SHOWN;
    follows = false;
    draw();
    node.scrollTop = node.scrollHeight - below;
  }

  function keep(place, facts, make) {
    const key = JSON.stringify(facts);
    if (kept.get(place)?.key !== key) kept.set(place, { key, node: make() });
    return kept.get(place);
  }

  /** Puts elements in this order, and moves none that stands right: a selection in it would be lost. */
  function place(nodes) {
    nodes.forEach((each, index) => list.children[index] !== each && list.insertBefore(each, list.children[index] ?? null));
    while (list.children.length > nodes.length) list.lastChild.remove();
  }

  /** How many of the oldest turns the newest answer did not see. */
  function unsentCount() {
    if (state.live) return state.live.raw ? 0 : (state.live.frame.rendered?.dropped ?? 0);
    const last = state.messages.findLast((message) => message.run);
    return last?.run.dropped ?? 0;
  }

  const tool = (label, glyph, onclick) => button({ label, glyph, kind: "ak-quiet", onclick });
  const copyTool = (text) => {
    const made = tool("copy", "copy", async () => (await copyText(text)) && say(made, "title", "copied"));
    return made;
  };

  function drawMessage(message, index, gone) {
    const mine = message.role === "user";
    const kind = `ak-turn ak-turn-${ROLES.includes(message.role) ? message.role : "other"}${gone ? " ak-turn-unsent" : ""}`;
    const mark = gone ? h("span", { class: "ak-badge", t: "chat_unsent", tTitle: "chat_unsent_help" }) : null;
    if (index === editing) return h("li", { class: kind }, editor(message, index));
    if (mine) {
      return h(
        "li",
        { class: kind },
        h("span", { class: "ak-turn-who", t: "chat_you" }),
        h("div", { class: "ak-text ak-turn-text", text: message.content }),
        h("div", { class: "ak-turn-tools" }, mark, copyTool(message.content), tool("chat_edit", "pencil", () => edit(index)), tool("chat_remove", "trash", () => act.remove(index))),
      );
    }
    const view = makeMarkdown();
    view.show(message.content, { plain: state.plain || message.role !== "assistant" });
    const run = message.run ?? {};
    const last = index === state.messages.length - 1;
    const open = last && ["length", "cancelled"].includes(run.finish_reason);
    const calls = message.tool_calls ? h("pre", { class: "ak-mono", text: JSON.stringify(message.tool_calls, null, 2) }) : null;
    return h(
      "li",
      { class: kind },
      h("span", { class: "ak-turn-who", text: message.role === "assistant" ? run.model || t("role_assistant") : known(`role_${message.role}`) ? t(`role_${message.role}`) : message.role }),
      run.reasoning ? h("details", { class: "ak-reasoning" }, h("summary", { t: "reasoning" }), h("div", { class: "ak-text", text: run.reasoning })) : null,
      h("div", { class: "ak-turn-text" }, view.node, calls),
      h(
        "div",
        { class: "ak-turn-tools" },
        mark,
        facts(run),
        open ? button({ word: "continue", label: "continue_help", kind: "ak-continue", onclick: () => act.goOn(index) }) : null,
        h("span", { class: "ak-spring" }),
        copyTool(message.content),
        message.role === "assistant" ? tool("chat_again", "reload", () => act.regenerate(index)) : null,
        tool("chat_branch", "branch", () => act.branch(index)),
      ),
      run.id && run.id === state.told?.id ? [drawNotes(state.told.notes), called(state.told.calls)] : null,
    );
  }

  /** What the instruction called on the way, a click away. */
  function called(calls) {
    if (!calls?.length) return null;
    return h("details", { class: "ak-turn-calls" }, h("summary", { text: `${t("calls")} ${calls.length}` }), h("ul", { class: "ak-tree" }, calls.map(drawCall)));
  }

  function facts(run) {
    const about = run.exact ? "" : "≈";
    const told = [
      ["length", "cancelled", "content_filter"].includes(run.finish_reason) && h("li", { class: `ak-finish ak-finish-${run.finish_reason}`, t: `finish_${run.finish_reason}` }),
      run.completion_tokens !== undefined && h("li", { text: about + t("stat_tokens", { n: run.completion_tokens.toLocaleString() }) }),
      run.tokens_per_second && h("li", { text: t("stat_speed", { n: run.tokens_per_second.toFixed(1) }) }),
      run.seconds && h("li", { text: t("stat_seconds", { n: seconds(run.seconds) }) }),
      run.first_token && h("li", { text: t("stat_first", { n: seconds(run.first_token) }) }),
      run.prompt_tokens && h("li", { text: about + t("stat_prompt", { n: run.prompt_tokens.toLocaleString() }) }),
    ].filter(Boolean);
    return told.length ? h("ul", { class: "ak-turn-facts" }, told) : null;
  }

  // --- a question is written anew

  function edit(index) {
    editing = index;
    draw();
    const field = list.querySelector(".ak-turn-edit textarea");
    field?.focus();
    field?.setSelectionRange(field.value.length, field.value.length);
  }

  function editor(message, index) {
    const field = h("textarea", { tLabel: "chat_edit", rows: String(Math.min(12, message.content.split("\n").length + 1)), value: message.content });
    const done = (text) => {
      editing = null;
      draw();
      if (text?.trim()) act.edit(index, text);
    };
    field.addEventListener("keydown", (event) => {
      if (event.isComposing || event.keyCode === 229) return;
      if (event.key === "Escape" || (event.key === "Enter" && !event.shiftKey)) {
        event.preventDefault();
        event.stopPropagation();
        done(event.key === "Enter" ? field.value : null);
      }
    });
    return h(
      "div",
      { class: "ak-turn-edit" },
      field,
      h("div", { class: "ak-turn-tools" }, h("span", { class: "ak-help", t: "chat_edit_help" }), h("span", { class: "ak-spring" }), button({ word: "cancel", label: "cancel", onclick: () => done(null) }), button({ word: "chat_ask_again", label: "chat_ask_again", kind: "ak-primary", onclick: () => done(field.value) })),
    );
  }

  // --- the answer that is coming

  function drawAsked({ input, raw }) {
    return h(
      "li",
      { class: "ak-turn ak-turn-user" },
      h("span", { class: "ak-turn-who", t: "chat_you" }),
      h("div", { class: "ak-text ak-turn-text", text: input }),
      raw ? h("div", { class: "ak-turn-tools" }, h("span", { class: "ak-badge ak-raw", t: "raw", tTitle: "raw_help" }), h("span", { class: "ak-help", t: "chat_raw_aside" })) : null,
    );
  }

  function drawLive() {
    const view = makeMarkdown();
    const thoughts = h("div", { class: "ak-text" });
    const parts = {
      view,
      thoughts,
      thinking: h("details", { class: "ak-reasoning", hidden: true }, h("summary", { t: "reasoning" }), thoughts),
      state: h("p", { class: "ak-loading ak-turn-state", role: "status", "aria-live": "polite" }),
      problem: h("div", { class: "ak-problem" }),
      tools: h("div", { class: "ak-turn-tools" }),
      notes: h("div", { class: "ak-notes" }),
    };
    answering = parts;
    parts.node = h("li", { class: "ak-turn ak-turn-assistant ak-turn-live" }, parts.thinking, h("div", { class: "ak-turn-text" }, view.node), parts.state, parts.problem, parts.tools, parts.notes);
    return parts.node;
  }

  function show(live) {
    const { frame, before } = live;
    const text = before + frame.text;
    const going = !["done", "failed", "stopped"].includes(frame.phase);
    answering.view.show(text, { plain: state.plain, grows: going });
    if (answering.thoughts.textContent !== frame.reasoning) answering.thoughts.textContent = frame.reasoning;
    answering.thinking.hidden = !frame.reasoning;
    answering.node.classList.toggle("ak-busy", going);
    const waits = going && !frame.text;
    answering.state.hidden = !waits;
    if (waits) drawState(frame);
    answering.problem.replaceChildren(...(frame.error ? [errorCard(frame.error), h("div", { class: "ak-turn-tools" }, button({ word: "chat_retry", label: "chat_retry", glyph: "reload", onclick: act.retry }), button({ word: "chat_back", label: "chat_back", glyph: "pencil", kind: "ak-quiet", onclick: act.back }))] : []));
    if (frame.done) {
      const { usage, timings, finish_reason } = frame.done;
      const told = { finish_reason, completion_tokens: usage.completion_tokens, prompt_tokens: usage.prompt_tokens, exact: usage.exact, seconds: timings.total, first_token: timings.first_token, tokens_per_second: timings.tokens_per_second };
      answering.tools.replaceChildren(...[facts(told), h("span", { class: "ak-spring" }), copyTool(text)].filter(Boolean));
      if (!text && !frame.error) answering.tools.prepend(h("span", { class: "ak-help", t: "answer_nothing" }));
    }
    answering.notes.replaceChildren(...drawNotes(frame.done?.notes));
  }

  function drawState(frame) {
    const words = h("span");
    if (frame.phase === "loading" && frame.loading) say(words, "text", ...stageWords(frame.loading));
    else say(words, "text", `phase_${frame.phase}`);
    answering.state.replaceChildren(...(frame.loading && frame.phase === "loading" ? [h("span", { class: "ak-mono", text: frame.loading.model }), " ", words, progressBar(frame.loading)] : [words]));
  }

  return {
    node,
    draw,
    /** A newer state of the answer that is coming. */
    live(next) {
      state.live = next;
      show(next);
      if (follows) node.scrollTop = node.scrollHeight;
    },
    /** Another conversation is shown: from its end. */
    reset() {
      kept = new Map();
      editing = null;
      most = MOST_SHOWN;
      follows = true;
    },
    toEnd() {
      follows = true;
      node.scrollTop = node.scrollHeight;
    },
  };
}
