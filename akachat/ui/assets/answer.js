// The answer as it comes, how long it took, how it ended, and what was called on the way.

function makeAnswer(goOn) {
  let frame = null;
  const text = h("div", { class: "ak-text ak-answer-text", "data-testid": "answer" });
  const reasoning = h("div", { class: "ak-text" });
  const thinking = h("details", { class: "ak-reasoning", hidden: true }, h("summary", { t: "reasoning" }), reasoning);
  const tools = h("div", { class: "ak-tools" });
  const hole = h("p", { class: "ak-empty", t: "answer_empty" });
  const loading = h("p", { class: "ak-loading", hidden: true, "data-testid": "loading" });
  const problem = h("div", { class: "ak-problem" });
  const state = h("span", { class: "ak-state", role: "status", "aria-live": "polite" });
  const stats = h("ul", { class: "ak-stats" });
  const notes = h("div", { class: "ak-notes" });
  const calls = h("div", { class: "ak-answer-calls" });
  const copy = button({ label: "copy", glyph: "copy", kind: "ak-quiet ak-copy", hidden: true, onclick: copyAnswer });
  const head = h("header", { class: "ak-panel-head" }, h("h2", { t: "answer" }), state, h("span", { class: "ak-spring" }), copy);
  const body = h("div", { class: "ak-scroll", tabindex: "0", role: "region", tLabel: "answer" }, thinking, hole, loading, text, tools, problem, stats, notes, calls);
  const node = h("section", { class: "ak-panel ak-answer" }, head, body);

  async function copyAnswer() {
    try {
      await navigator.clipboard.writeText(frame?.text ?? "");
    } catch {
      return; // the browser refused; the text can still be selected
    }
    say(state, "text", "copied");
  }

  /** Only what is new is appended: a selection in the text stays while more of it comes. */
  function grow(target, next) {
    const have = target.textContent;
    if (next === have) return;
    if (have && next.startsWith(have)) target.append(next.slice(have.length));
    else target.textContent = next;
  }

  /** What the run waits for stands where the answer will be. */
  function drawLoading(now) {
    const words = now && h("span");
    if (words) say(words, "text", ...stageWords(now));
    loading.hidden = !now;
    loading.replaceChildren(...(now ? [h("span", { class: "ak-mono", text: now.model }), " ", words, progressBar(now)] : []));
  }

  function drawStats(done) {
    const { usage, timings, finish_reason: reason, options } = done;
    const about = usage.exact ? "" : "≈";
    const facts = [
      h("li", { class: `ak-finish ak-finish-${reason}`, title: reason === "length" ? t("finish_length_help", { n: options?.max_new_tokens ?? usage.completion_tokens }) : null, text: known(`finish_${reason}`) ? t(`finish_${reason}`) : reason }),
      h("li", { text: about + t("stat_tokens", { n: usage.completion_tokens.toLocaleString() }) }),
      timings.tokens_per_second && h("li", { text: t("stat_speed", { n: timings.tokens_per_second.toFixed(1) }) }),
      h("li", { text: t("stat_seconds", { n: seconds(timings.total) }) }),
      timings.first_token !== null && h("li", { text: t("stat_first", { n: seconds(timings.first_token) }) }),
      h("li", { text: about + t("stat_prompt", { n: usage.prompt_tokens.toLocaleString() }) }),
      done.model && h("li", { class: "ak-mono", text: done.model }),
    ];
    // What was broken off can be gone on with: beside the word that says so.
    const open = ["length", "cancelled"].includes(reason) && frame.text;
    if (open) facts.splice(1, 0, h("li", {}, button({ word: "continue", label: "continue_help", kind: "ak-continue", onclick: goOn })));
    stats.replaceChildren(...facts.filter(Boolean));
  }

  function draw() {
    if (!frame) return;
    const { phase, done } = frame;
    hole.hidden = Boolean(frame.text) || phase !== "done" || Boolean(done?.tool_calls?.length);
    if (phase === "done") say(hole, "text", "answer_nothing");
    drawLoading(phase === "loading" ? frame.loading : null);
    grow(text, frame.text);
    grow(reasoning, frame.reasoning);
    thinking.hidden = !frame.reasoning;
    node.classList.toggle("ak-busy", ["queued", "rendering", "waiting", "loading", "streaming"].includes(phase));
    say(state, "text", phase === "done" && done.finish_reason === "cancelled" ? "phase_stopped" : `phase_${phase}`);
    copy.hidden = !frame.text;
    if (done) drawStats({ ...done, options: frame.rendered?.options });
    else stats.replaceChildren();
    tools.replaceChildren(...(done?.tool_calls?.length ? [h("h3", { t: "tool_calls" }), h("pre", { class: "ak-mono", text: JSON.stringify(done.tool_calls, null, 2) })] : []));
    problem.replaceChildren(...(frame.error ? [errorCard(frame.error)] : []));
    notes.replaceChildren(...drawNotes(done?.notes));
    const key = JSON.stringify(frame.calls) + language;
    if (calls.dataset.key !== key) {
      calls.dataset.key = key; // an opened call stays open while the answer comes
      calls.replaceChildren(...drawCalls(frame.calls));
    }
  }

  return {
    node,
    draw,
    show(next) {
      frame = next;
      const below = body.scrollHeight - body.scrollTop - body.clientHeight;
      draw();
      if (below >= 40) return; // the reader has scrolled back
      if (frame.phase === "streaming") body.scrollTop = body.scrollHeight;
      // At the end what follows the answer comes into view, and no more: the calls below may be long.
      else if (frame.done) body.scrollTop = Math.max(body.scrollTop, stats.offsetTop + stats.offsetHeight + 8 - body.clientHeight);
    },
  };
}

/** An error in words: what, where, and what to do. */
function errorCard(error, goTo) {
  const place = [];
  if (error.path) place.push(t("error_file", { path: error.path }));
  if (error.line !== null && error.line !== undefined) place.push(t("error_at", { line: error.line, column: error.column ?? 1 }));
  const hint = error.type === "InternalError" ? t("error_internal_hint") : error.type === "Offline" ? t("error_offline_hint") : said(error.hint);
  const title = known(`error_${error.type}`) ? t(`error_${error.type}`) : error.type;
  const where = place.join(" · ");
  return h(
    "div",
    { class: "ak-error", role: "alert", "data-type": error.type },
    h(
      "p",
      { class: "ak-error-title" },
      h("strong", { text: title }),
      where && (goTo && error.source !== undefined
        ? h("button", { type: "button", class: "ak-error-place", text: where, onclick: () => goTo(error.line, error.column ?? 1) })
        : h("span", { class: "ak-error-place", text: where })),
    ),
    said(error.message) && h("p", { class: "ak-error-message" }, prose(said(error.message))),
    error.source !== undefined ? sourceLine(error.source, error.column ?? 1) : null,
    hint && h("p", { class: "ak-error-hint" }, prose(hint)),
  );
}

/** The offending line with a caret under the column; the caret hangs on the character, so its width does not matter. */
function sourceLine(source, column) {
  const characters = Array.from(source);
  const from = Math.max(0, column - 41);
  const at = characters[column - 1] ?? " ";
  return h(
    "pre",
    { class: "ak-source" },
    (from ? "…" : "") + characters.slice(from, column - 1).join(""),
    h("span", { class: "ak-caret", text: at }),
    characters.slice(column, column + 60).join("") + (characters.length > column + 60 ? "…" : ""),
  );
}
