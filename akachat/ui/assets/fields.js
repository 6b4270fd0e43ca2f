// An instruction as the eye should see it: what stands as it is, what is evaluated, and the words of Python in that.
// It follows the server's own reading (PEP 701), but never gives up: after what cannot be read, the next line is new.

const KEYWORDS = new Set(["and", "else", "for", "if", "in", "is", "lambda", "not", "or", "None", "True", "False"]);
const KINDS = new Set(["comment", "input", "messages", "var", "rag", "llm", "test", "msg"]);
const CLOSES = { "(": ")", "[": "]", "{": "}" };
const PREFIX = /^(?:[rbuf]|br|rb|fr|rf)?$/i;
const STRING = /([A-Za-z]{0,2})('''|"""|'|")/y;
const WORD = /[\p{L}_][\p{L}\p{N}\p{M}_]*/uy;
const NUMBER = /0[xob][\da-f_]+|\d[\d_]*(?:\.[\d_]*)?(?:e[-+]?\d+)?|\.\d[\d_]*/iy;
const OPERATOR = /==|!=|<=|>=|:=|[-+*\/%@&|^~<>]+=?/y;
/** What matters inside a string, by its quote; in an f-string braces do too. */
const inString = Object.fromEntries(
  ["'", '"', "'''", '"""'].flatMap((quote) => {
    const ends = quote.length === 1 ? `${quote}|\\\\|\\n` : `${quote}|\\\\`;
    return [[quote, new RegExp(ends, "g")], [`f${quote}`, new RegExp(`${ends}|[{}]`, "g")]];
  }),
);
const MOST_STEPS = 200_000; // characters read in vain: beyond them a text that is all braces is left plain
const MOST_OPEN = 120; // the server reads no deeper either
const PEEK = 3; // how far reading looks ahead

const found = (pattern, source, at) => ((pattern.lastIndex = at), pattern.exec(source));

/** What colours a word, or a field that begins with it; `own` are the names of a person's own functions. */
function kindOf(word, own) {
  if (KINDS.has(word)) return word === "messages" ? "input" : word;
  if (word === "msgf") return "msg";
  return own?.has(word) ? "function" : "expression";
}

/**
 * The fields, in their order: {from, to, closed}; an unclosed one ends with its line. `escapes`: where {{ and }} are.
 * With what was known before a change of {from, to, by} characters, only what it touches is read again.
 */
function cutFields(source, old, change) {
  const fields = old ? old.fields.slice(0, firstNot(old.fields, (field) => field.reached < change.from - PEEK)) : [];
  let at = fields.at(-1)?.to ?? 0;
  const escapes = old ? old.escapes.slice(0, firstNot(old.escapes, (place) => place < at)) : [];
  const brace = /[{}]/g;
  for (let vain = 0; vain < MOST_STEPS; ) {
    brace.lastIndex = at;
    const next = brace.exec(source)?.index;
    if (next === undefined) break;
    if (old && next >= change.to + change.by) {
      const same = next - change.by; // as before from here on, if a field began here before
      const index = firstNot(old.fields, (field) => field.from < same);
      if (old.fields[index]?.from === same) {
        for (const { from, to, closed, reached } of old.fields.slice(index)) fields.push({ from: from + change.by, to: to + change.by, closed, reached: reached + change.by });
        for (const place of old.escapes.slice(firstNot(old.escapes, (place) => place < same))) escapes.push(place + change.by);
        break;
      }
    }
    if (source[next + 1] === source[next]) {
      escapes.push(next);
      at = next + 2;
    } else if (source[next] === "}") at = next + 1;
    else {
      const { end, reached } = readField(source, next, source.length);
      at = end;
      if (end < 0) {
        vain += reached - next;
        const line = source.indexOf("\n", next);
        at = line < 0 ? source.length : line;
      }
      fields.push({ from: next, to: at, closed: end >= 0, reached: Math.max(reached, at) });
    }
  }
  return { source, fields, escapes };
}

/** The index of the first item of a list that a test fails for; all before it pass, none after. */
function firstNot(list, passes) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(list[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The field in which a place lies, between its braces; `at` is a number of UTF-16 units, as everywhere here. */
function fieldAt({ fields }, at) {
  const field = fields[firstNot(fields, ({ from }) => from < at) - 1];
  return field && (at < field.to || (!field.closed && at === field.to)) ? field : null;
}

/**
 * Reads the field that opens at `from`, no further than `stop`: its end (or -1), its words as [from, to, kind], its
 * pairs of brackets, and what is still open where the reading stopped: the field, brackets, strings, format specs.
 */
function readField(source, from, stop) {
  const words = [];
  const pairs = [];
  const open = [];
  let reached = from;

  const here = (at) => ((reached = Math.max(reached, at)), at < stop);
  const last = () => words.at(-1);

  function field(brace) {
    open.push({ kind: "field", from: brace });
    if (open.length > MOST_OPEN) return -1;
    words.push([brace, brace + 1, "brace"]);
    let at = expression(brace + 1);
    if (at < 0) return -1;
    if (source[at] === "=") {
      words.push([at, at + 1, "operator"]);
      at++;
      while (here(at) && /\s/.test(source[at])) at++;
    }
    if (here(at) && source[at] === "!") {
      words.push([at, Math.min(at + 2, stop), "format"]);
      at += 2;
      while (here(at) && /\s/.test(source[at])) at++;
    }
    if (here(at) && source[at] === ":") at = spec(at);
    if (at < 0 || !here(at) || source[at] !== "}") return -1;
    words.push([at, at + 1, "brace"]);
    pairs.push([brace, at]);
    open.pop();
    return at + 1;
  }

  /** From the colon to the brace that ends the field. */
  function spec(colon) {
    open.push({ kind: "spec", from: colon });
    let at = colon;
    for (let begin = colon; ; ) {
      if (!here(at)) return -1;
      const c = source[at];
      if (c !== "{" && c !== "}") {
        at++;
        continue;
      }
      if (at > begin) words.push([begin, at, "format"]);
      if (c === "}") break;
      at = begin = field(at);
      if (at < 0) return -1;
    }
    open.pop();
    return at;
  }

  /** From behind the brace to what ends the expression: a brace, a colon, `!` or `=`. */
  function expression(at) {
    const depth = open.length;
    while (here(at)) {
      const c = source[at];
      let match;
      if (c === " " || c === "\n" || c === "\t") at++;
      else if (c === "#") {
        const end = source.indexOf("\n", at);
        open.push({ kind: "note", from: at });
        words.push([at, end < 0 || end > stop ? stop : end, "note"]);
        if (!here(end < 0 ? stop : end)) return -1;
        open.pop();
        at = end;
      } else if ((match = found(STRING, source, at)) && PREFIX.test(match[1])) {
        at = string(at, match[1].toLowerCase(), match[2]);
        if (at < 0) return -1;
      } else if (open.length === depth && (c === "}" || c === ":" || ((c === "!" || c === "=") && source[at + 1] !== "="))) return at;
      else if ((match = found(WORD, source, at))) at = word(at, Math.min(at + match[0].length, stop));
      else if ((match = found(NUMBER, source, at))) {
        const end = Math.min(at + match[0].length, stop);
        words.push([at, end, "number"]);
        at = end;
      } else if (c in CLOSES) {
        const before = last();
        const called = before?.[2] === "name" && !/\S/.test(source.slice(before[1], at)) ? source.slice(before[0], before[1]) : "";
        open.push({ kind: "bracket", from: at, bracket: c, called, argument: 0, keyword: "", used: [] });
        if (open.length > MOST_OPEN) return -1;
        words.push([at, at + 1, "bracket"]);
        at++;
      } else if (c === ")" || c === "]" || c === "}") {
        const frame = open.at(-1);
        if (frame.kind !== "bracket" || CLOSES[frame.bracket] !== c) return -1;
        open.pop();
        pairs.push([frame.from, at]);
        words.push([at, at + 1, "bracket"]);
        at++;
      } else at = sign(at, c);
    }
    return -1;
  }

  function word(at, end) {
    const text = source.slice(at, end);
    words.push([at, end, KEYWORDS.has(text) ? "keyword" : last()?.[2] === "dot" ? "attribute" : "name"]);
    return end;
  }

  function sign(at, c) {
    const frame = open.at(-1);
    const match = found(OPERATOR, source, at);
    const end = at + (match ? match[0].length : 1);
    if (frame.kind === "bracket" && c === ",") {
      frame.argument++;
      frame.keyword = "";
    } else if (frame.kind === "bracket" && c === "=" && end === at + 1 && last()?.[2] === "name") {
      frame.keyword = source.slice(...last());
      frame.used.push(frame.keyword);
    }
    words.push([at, Math.min(end, stop), c === "." ? "dot" : c === "," ? "comma" : "operator"]);
    return end;
  }

  function string(start, prefix, quote) {
    const formatted = prefix.includes("f");
    const matters = inString[formatted ? `f${quote}` : quote];
    let at = start + prefix.length + quote.length;
    open.push({ kind: "string", from: start, text: at, quote, formatted });
    for (let begin = start; ; ) {
      at = found(matters, source, at)?.index ?? stop;
      if (!here(Math.min(at, stop))) break;
      const c = source[at];
      if (source.startsWith(quote, at) && at + quote.length <= stop) {
        open.pop();
        words.push([begin, at + quote.length, "string"]);
        return at + quote.length;
      }
      if (c === "\n" && quote.length === 1) break;
      if (c === "\\") at += formatted && "{}".includes(source[at + 1] ?? "") ? 1 : 2;
      else if (formatted && (c === "{" || c === "}") && source[at + 1] !== c) {
        if (c === "}") return -1;
        words.push([begin, at, "string"]);
        at = begin = field(at);
        if (at < 0) return -1;
      } else at += formatted && (c === "{" || c === "}") ? 2 : 1;
    }
    words.push([start, Math.min(at, stop), "string"]);
    return -1;
  }

  const end = field(from);
  return { end, reached, words, pairs, open };
}

/** The word with which a field begins: it gives the field its colour. */
function headOf(source, field) {
  return /^\s*([\p{L}_][\p{L}\p{N}\p{M}_]*)/u.exec(source.slice(field.from + 1, Math.min(field.to, field.from + 200)))?.[1] ?? "";
}

/** What is open at a place inside a field, and the words before it. */
function openAt(cut, field, at) {
  return readField(cut.source, field.from, at);
}
