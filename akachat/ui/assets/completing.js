// What may be written at a place of an instruction: names, variables, prompts, libraries, options; and what a name is.

const WORD_END = /[\p{L}\p{N}\p{M}_]*$/u;
const CALLED = { llm: "prompts", rag: "libraries" };
const NAMED = ["dir", "name"]; // how the first argument of both may be written as a keyword
const OWN_ARGUMENTS = { llm: ["input"], rag: ["query", "k"], msg: ["limit"] };

function makeCompleter() {
  let catalog = { prompts: [], variables: [], functions: [], libraries: [] };
  let own = null;
  let functions = new Map();
  let ownNames = new Set();

  const about = (code, ...words) => () => h("div", { class: "ak-about" }, h("code", { text: code }), words.filter(Boolean).map((text) => h("p", {}, prose(text))));
  const glimpse = ({ error, text = "", more }) => said(error) ?? (text + (more ? "…" : "") || t("value_empty"));

  // --- what there is

  function values() {
    return ["input", "messages"].map((label) => ({ label, kind: kindOf(label), info: about(label, t(`value_${label}`)), boost: 3 }));
  }

  /** After `var`: a key that is no Python name is written in brackets, in place of the dot. */
  function keys(from) {
    return catalog.variables.map(({ key, value }) => {
      const name = plainName(key) ? `.${key}` : `[${quoted(key)}]`;
      const apply = (view, completion, _, to) => put(view, completion, name, from, to);
      return { label: key, displayLabel: name, kind: "var", detail: "", info: about(`var${name}`, glimpse(value)), apply };
    });
  }

  function variables() {
    return catalog.variables.map(({ key, value }) => {
      const label = plainName(key) ? `var.${key}` : `var[${quoted(key)}]`;
      return { label, kind: "var", info: about(label, glimpse(value)), boost: 2 };
    });
  }

  function words({ name, documentation, origin, error }) {
    return said(error) || (origin === "builtin" && known(`fn_${name}`) ? t(`fn_${name}`) : documentation);
  }

  function calls() {
    return [...functions.values()].filter(({ name }) => name !== "var").map((it) => {
      const builtin = it.origin === "builtin";
      const snippet = (builtin && SNIPPETS[it.name]?.slice(1, -1)) || `${it.name}()`;
      const apply = (view, completion, from, to) => {
        const called = view.state.sliceDoc(to, to + 1) === "(";
        put(view, completion, called ? it.name : snippet, from, to, called ? 0 : hole(it, snippet));
        if (!called && it.name in CALLED) CodeMirror.startCompletion(view);
      };
      const detail = it.signature.slice(it.name.length).replace(/ -> \w+$/, "");
      return { label: it.name, kind: kindOf(it.name, ownNames), detail, info: about(it.signature, words(it)), boost: 1, apply };
    });
  }

  /** How far before a snippet's end the cursor belongs: where the first thing is to be written. */
  function hole({ signature }, snippet) {
    const empty = /(?<=[^']')(?='[^'])|(?<=user: )/.exec(snippet);
    if (empty) return snippet.length - empty.index;
    return signature.includes("()") ? 0 : 1;
  }

  /** Names of Python that begin as what is written: they are many, and nobody looks for them by their middle. */
  function python(word) {
    return word === "" ? [] : FACTS.names.filter((name) => name.startsWith(word)).map((label) => ({ label, kind: "expression", boost: -1 }));
  }

  /** The keywords that a call still takes. */
  function keywords(frame) {
    const offer = (name, ...info) => ({ label: `${name}=`, kind: "option", info: about(`${name}=`, ...info), boost: 4 });
    const { called, used } = frame;
    const offered = (OWN_ARGUMENTS[called] ?? []).map((name) => offer(name));
    if (called === "llm") {
      for (const { name, choices } of FACTS.fields) offered.push(offer(name, t(`option_${name}`), t(`help_${name}`), choices?.join(", ")));
    }
    const parameters = called in OWN_ARGUMENTS ? {} : functions.get(called)?.parameters?.properties ?? {};
    for (const [name, { type, description }] of Object.entries(parameters)) offered.push(offer(name, type, description));
    return offered.filter(({ label }) => !used.includes(label.slice(0, -1)));
  }

  /** What may stand inside quotes: a prompt, a library, a variable's key, one of an option's choices. */
  function texts(open) {
    const [outer, frame] = [open.at(-3), open.at(-2)];
    if (frame?.kind !== "bracket") return null;
    if (frame.bracket === "[" && frame.called === "var") return catalog.variables.map(({ key, value }) => ({ label: key, kind: "var", info: about(key, glimpse(value)) }));
    const first = ({ argument, keyword }) => (keyword ? NAMED.includes(keyword) : argument === 0);
    const asList = frame.bracket !== "{" && !frame.called && outer?.called === "rag" && first(outer);
    if (frame.bracket === "(" && frame.called === "llm" && first(frame)) return catalog.prompts.filter((name) => name !== own).map((label) => ({ label, kind: "llm" }));
    if (asList || (frame.bracket === "(" && frame.called === "rag" && first(frame))) return catalog.libraries.map((label) => ({ label, kind: "rag" }));
    const option = frame.called === "llm" && FACTS.fields.find(({ name }) => name === frame.keyword);
    return option?.choices?.map((label) => ({ label, kind: "option" })) ?? null;
  }

  // --- where it goes

  function put(view, completion, text, from, to, back = 0) {
    view.dispatch({
      changes: { from, to, insert: text },
      selection: { anchor: from + text.length - back },
      annotations: CodeMirror.pickedCompletion.of(completion),
      userEvent: "input.complete",
      scrollIntoView: true,
    });
  }

  /** Into quotes: the name with what has to be escaped, and the closing quote if it is not there yet. */
  function quote(items, { quote: mark, text: start }) {
    const apply = (view, completion, from, to) => {
      const name = completion.label.replace(/\\/g, "\\\\").replaceAll(mark, `\\${mark}`);
      const closed = view.state.sliceDoc(to, to + mark.length) === mark;
      put(view, completion, closed ? name : name + mark, start, to);
      if (closed) view.dispatch({ selection: { anchor: start + name.length + mark.length } });
    };
    return items.map((item) => ({ ...item, apply }));
  }

  /** CodeMirror asks this at every letter, and when Ctrl+Space is pressed. */
  function complete({ state, pos, explicit, view }) {
    if (view?.compositionStarted) return null; // the letters are not yet the person's choice
    const cut = cutOf(state);
    const field = fieldAt(cut, pos);
    if (!field) return null;
    const { open, words } = openAt(cut, field, pos);
    const top = open.at(-1);
    if (top?.kind === "string") {
      const items = texts(open);
      return items?.length ? { from: top.text, options: quote(items, top), validFor: /^[^'"\n]*$/ } : null;
    }
    if (top?.kind !== "field" && top?.kind !== "bracket") return null;
    const before = state.sliceDoc(field.from, pos);
    const word = WORD_END.exec(before)[0];
    const from = pos - word.length;
    const written = words.filter(([at]) => at < from);
    const [last, object] = [written.at(-1), written.at(-2)];
    const validFor = (text) => text.startsWith(word) && WORD_END.exec(text)[0] === text;
    if (last?.[2] === "dot") {
      if (object?.[2] !== "name" || state.sliceDoc(object[0], object[1]) !== "var") return null;
      return { from, options: keys(last[0]), validFor };
    }
    const begins = last?.[2] === "brace" && from === last[1];
    if ((from === pos && !explicit && !begins) || /^\d/.test(word) || last?.[2] === "format") return null;
    const argument = top.kind === "bracket" && top.bracket === "(" && (last?.[2] === "comma" || last?.[0] === top.from);
    return { from, options: [...(argument ? keywords(top) : []), ...values(), ...variables(), ...calls(), ...python(word)], validFor };
  }

  /** What a name under the pointer is, as a node; null where there is nothing to say. */
  function explain(cut, at) {
    const field = fieldAt(cut, at) ?? fieldAt(cut, at + 1);
    if (!field) return null;
    const { words: read } = readField(cut.source, field.from, field.to);
    let index = read.findIndex(([from, to]) => from <= at && at < to);
    if (index < 0) return null;
    // Of var.key all three words mean the key.
    if (read[index + 1]?.[2] === "dot" && cut.source.slice(read[index][0], read[index][1]) === "var") index++;
    if (read[index][2] === "dot" && read[index + 1]) index++;
    const [from, to, kind] = read[index];
    const word = cut.source.slice(from, to);
    const [object, dot] = [read[index - 2], read[index - 1]];
    const of = dot?.[2] === "dot" && object ? cut.source.slice(object[0], object[1]) : "";
    if (kind === "attribute" && of === "var") {
      const found = catalog.variables.find(({ key }) => key === word);
      return found ? { from: object[0], to, node: about(`var.${word}`, glimpse(found.value))() } : null;
    }
    if (kind !== "name") return null;
    if (word === "input" || word === "messages") return { from, to, node: about(word, t(`value_${word}`))() };
    const it = functions.get(word);
    return it ? { from, to, node: about(it.signature, words(it))() } : null;
  }

  return {
    complete,
    explain,
    get ownNames() {
      return ownNames;
    },
    know(next, name) {
      catalog = { ...catalog, ...next };
      own = name;
      functions = new Map(catalog.functions.map((it) => [it.name, it]));
      ownNames = new Set(catalog.functions.filter(({ origin }) => origin !== "builtin").map((it) => it.name));
    },
  };
}
