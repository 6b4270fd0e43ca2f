// The instruction's editor: a text area whose text is drawn by a coloured copy lying exactly under it.
// A text area and nothing else takes the keys, so input methods, undo, spelling and screen readers work as always.

const COLOUR_LIMIT = 60_000; // characters; above this the copy is left plain, so that typing never lags

/** Where the field that opens at `start` ends, or -1. */
function fieldEnd(source, start) {
  let depth = 0;
  let quote = "";
  let spec = false;
  for (let i = start; i < source.length; i++) {
    const c = source[i];
    if (quote) {
      if (c === "\\") i++;
      else if (source.startsWith(quote, i)) {
        i += quote.length - 1;
        quote = "";
      }
    } else if ((c === "'" || c === '"') && !(spec && depth === 1)) {
      quote = source.startsWith(c.repeat(3), i) ? c.repeat(3) : c;
      i += quote.length - 1;
    } else if ("([{".includes(c)) depth++;
    else if (")]}".includes(c)) {
      depth--;
      if (depth === 0) return i + 1;
    } else if (c === ":" && depth === 1) spec = true;
  }
  return -1;
}

/** The instruction cut into [text, class] pieces. */
function colour(source) {
  const pieces = [];
  let plain = 0;
  const push = (end, next, kind) => {
    if (end > plain) pieces.push([source.slice(plain, end), ""]);
    pieces.push([source.slice(end, next), kind]);
    plain = next;
  };
  for (let i = 0; i < source.length; i++) {
    const c = source[i];
    if ((c === "{" || c === "}") && source[i + 1] === c) push(i, i + 2, "ak-brace"), i++;
    else if (c === "{") {
      const end = fieldEnd(source, i);
      if (end < 0) break;
      push(i, end, fieldKind(source.slice(i + 1, end - 1)));
      i = end - 1;
    }
  }
  if (plain < source.length) pieces.push([source.slice(plain), ""]);
  return pieces;
}

function fieldKind(code) {
  const word = /^\s*([\p{L}_][\p{L}\p{N}_]*)/u.exec(code)?.[1] ?? "";
  if (word === "comment") return "ak-field ak-o-comment";
  if (["input", "messages", "var", "rag", "llm", "test", "msg"].includes(word)) return `ak-field ak-o-${word}`;
  return `ak-field ak-o-${word === "msgf" ? "msg" : "expression"}`;
}

function makeEditor(onchange) {
  const drawn = h("div", { class: "ak-lines", "aria-hidden": "true" });
  const area = h("textarea", {
    class: "ak-area",
    tLabel: "instruction",
    tPlaceholder: "instruction_empty",
    spellcheck: "false",
    autocapitalize: "off",
    autocomplete: "off",
    wrap: "soft",
  });
  const node = h("div", { class: "ak-editor" }, drawn, area);
  let mark = null;
  let keys = []; // what each drawn line shows

  function draw() {
    const pieces = area.value.length > COLOUR_LIMIT ? [[area.value, ""]] : colour(area.value);
    const lines = [[]];
    for (const [text, kind] of pieces) {
      text.split("\n").forEach((part, index) => {
        if (index) lines.push([]);
        if (part) lines[lines.length - 1].push([part, kind]);
      });
    }
    drawChanged(lines);
    const digits = String(Math.max(2, String(lines.length).length));
    drawn.style.setProperty("--digits", digits);
    area.style.setProperty("--digits", digits);
  }

  /** Draws only the lines between the first and the last that differ: typing costs a line, however long the text. */
  function drawChanged(lines) {
    const next = lines.map((line, index) => (mark?.line === index + 1 ? `${mark.column}!` : "") + line.flat().join("\u0000"));
    let first = 0;
    while (first < next.length && first < keys.length && next[first] === keys[first]) first++;
    let same = 0;
    while (same < next.length - first && same < keys.length - first && next.at(-1 - same) === keys.at(-1 - same)) same++;
    for (let i = keys.length - same; i > first; i--) drawn.children[first].remove();
    const fresh = lines.slice(first, lines.length - same).map((line, index) => drawLine(line, first + index + 1));
    const after = drawn.children[first] ?? null;
    for (const node of fresh) drawn.insertBefore(node, after);
    keys = next;
  }

  function drawLine(pieces, number) {
    const line = h("div", { class: "ak-line" });
    let at = 1;
    for (const [text, kind] of pieces) {
      if (mark?.line === number) {
        for (const c of text) {
          line.append(h("span", { class: at === mark.column ? `${kind} ak-bad` : kind, text: c }));
          at++;
        }
      } else line.append(kind ? h("span", { class: kind, text }) : text);
    }
    if (mark?.line === number) {
      line.classList.add("ak-bad-line");
      if (at <= mark.column) line.append(h("span", { class: "ak-bad", text: " " }));
    }
    if (!line.childNodes.length) line.append("\u200b");
    return line;
  }

  area.addEventListener("input", (event) => {
    mark = null; // it may stand elsewhere now; the preview says so again in a moment
    draw();
    onchange(event.isComposing);
  });
  area.addEventListener("compositionend", () => onchange(false));
  area.addEventListener("scroll", () => {
    area.scrollTop = 0; // the frame around both scrolls, never the text area alone
  });

  return {
    node,
    area,
    get value() {
      return area.value;
    },
    set value(text) {
      if (area.value !== text) area.value = text;
      mark = null;
      draw();
    },
    /** Marks the place of an error; null for none. */
    mark(error) {
      const next = error?.source !== undefined ? { line: error.line, column: error.column ?? 1 } : null;
      if (JSON.stringify(next) === JSON.stringify(mark)) return;
      mark = next;
      draw();
    },
    insert(text) {
      area.focus();
      // execCommand is the only way in that the browser's own undo remembers.
      if (!document.execCommand("insertText", false, text)) area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
      draw();
      onchange(false);
    },
    goTo(line, column) {
      const lines = area.value.split("\n");
      const before = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
      const within = Array.from(lines[line - 1] ?? "").slice(0, Math.max(0, column - 1)).join("").length;
      area.focus();
      area.setSelectionRange(before + within, before + within);
      drawn.children[line - 1]?.scrollIntoView({ block: "nearest" });
    },
  };
}
