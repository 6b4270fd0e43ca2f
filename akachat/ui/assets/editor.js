// The instruction's editor: CodeMirror, which keeps input methods, undo, search and long texts well, taught what a
// field is. Places that come from the server count characters from 1; CodeMirror counts UTF-16 units from 0.

/** The fields of a state's text; see fields.js. One text is read once, and after a change only what that touches. */
const cutField = CodeMirror.StateField.define({
  create: ({ doc }) => cutFields(doc.toString()),
  update(cut, { docChanged, changes, newDoc }) {
    if (!docChanged) return cut;
    let [from, to, by] = [Infinity, 0, 0];
    changes.iterChangedRanges((fromA, toA, fromB, toB) => {
      [from, to, by] = [Math.min(from, fromA), Math.max(to, toA), by + toB - fromB - (toA - fromA)];
    });
    return cutFields(newDoc.toString(), cut, { from, to, by });
  },
});
const cutOf = (state) => state.field(cutField);

const wordsOf = (cut, field) => (field.read ??= readField(cut.source, field.from, field.to));

/** A class for every word that is not plain: of its own kind, or of the kind of field in which it stands. */
function classOf(kind, word, own) {
  if (kind !== "name") return { string: "ak-k-string", number: "ak-k-number", keyword: "ak-k-keyword", note: "ak-k-note", format: "ak-k-format" }[kind];
  const meaning = kindOf(word, own);
  return meaning === "expression" ? null : `ak-o-${meaning}`;
}

/** Colours what is in view, and the two brackets at the cursor. */
function colouring(ownNames) {
  const marks = new Map();
  const mark = (name, from, to) => {
    if (!marks.has(name)) marks.set(name, CodeMirror.Decoration.mark({ class: name }));
    return marks.get(name).range(from, to);
  };

  function draw({ state, visibleRanges }) {
    const cut = cutOf(state);
    const all = [];
    const own = ownNames();
    for (const { from, to } of visibleRanges) {
      for (let i = firstNot(cut.escapes, (at) => at + 2 <= from); cut.escapes[i] < to; i++) all.push(mark("ak-escape", cut.escapes[i], cut.escapes[i] + 2));
      for (let i = firstNot(cut.fields, (field) => field.to <= from); cut.fields[i]?.from < to; i++) drawField(cut, cut.fields[i], from, to, own, all);
    }
    for (const at of pairAt(cut, state.selection.main)) all.push(mark("ak-pair", at, at + 1));
    return CodeMirror.Decoration.set(all, true);
  }

  function drawField(cut, field, from, to, own, all) {
    const kind = kindOf(headOf(cut.source, field), own);
    all.push(mark(`ak-field ak-o-${kind}`, field.from, field.to));
    if (kind === "comment") return;
    for (const [start, end, what] of wordsOf(cut, field).words) {
      const name = end > from && start < to && classOf(what, cut.source.slice(start, end), own);
      if (name && end > start) all.push(mark(name, start, end));
    }
  }

  function pairAt(cut, { empty, head }) {
    if (!empty) return [];
    const field = fieldAt(cut, head) ?? fieldAt(cut, head - 1) ?? fieldAt(cut, head + 1);
    const pairs = field ? wordsOf(cut, field).pairs : [];
    const touched = (place) => pairs.find((pair) => pair.includes(place));
    return touched(head - 1) ?? touched(head) ?? [];
  }

  return CodeMirror.ViewPlugin.define((view) => ({
    decorations: draw(view),
    update(update) {
      const told = update.transactions.some(({ effects }) => effects.some((effect) => effect.is(newNames)));
      if (told || update.docChanged || update.viewportChanged || update.selectionSet) this.decorations = draw(update.view);
    },
  }), { decorations: (plugin) => plugin.decorations });
}

const newNames = CodeMirror.StateEffect.define(); // the catalog has changed, and with it what a name means

/** Which brackets and quotes close themselves at a place: all of them in a field, only the brace in plain text. */
function closing(state, at) {
  const field = fieldAt(cutOf(state), at);
  const next = state.sliceDoc(at, at + 1);
  const top = field && openAt(cutOf(state), field, at).open.at(-1);
  const brackets = !top || top.kind === "spec" ? ["{"] : top.kind === "string" ? (top.formatted ? ["{"] : [top.quote]) : top.kind === "note" ? [] : ["(", "[", "{", "'", '"'];
  // Between Japanese letters no space is to be expected after a brace.
  const before = `)]}:;,、。」${/^[^\s\x00-\x7f]/.test(next) || (top?.formatted && next === top.quote[0]) ? next : ""}`;
  return [{ closeBrackets: { brackets, before, stringPrefixes: ["f", "r", "b", "F", "R"] } }];
}

/** A place of the server as one of ours; `line` and `column` count from 1, the column in whole characters. */
function placeOf(doc, line, column) {
  const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
  return at.from + Array.from(at.text).slice(0, Math.max(0, column - 1)).join("").length;
}

/** An error as CodeMirror shows one: under the name or the character where it is, or at the end of the line. */
function diagnosticOf({ doc }, error) {
  const from = placeOf(doc, error.line, error.column ?? 1);
  const rest = doc.sliceString(from, doc.lineAt(from).to);
  const length = /^[\p{L}\p{N}\p{M}_.]+|^[^]/u.exec(rest)?.[0].length ?? 0;
  const words = () => [said(error.message), said(error.hint)].filter(Boolean);
  return {
    from,
    to: from + length,
    severity: "error",
    message: words().join(" — "),
    renderMessage: () => h("div", { class: "ak-about" }, words().map((text) => h("p", {}, prose(text)))),
  };
}

function makeEditor(onchange) {
  const { EditorView, EditorState, Compartment, keymap } = CodeMirror;
  const completer = makeCompleter();
  const worded = new Compartment();
  const locked = new Compartment();
  const node = h("div", { class: "ak-editor" });
  let readOnly = false;

  const wording = () => [
    CodeMirror.placeholder(t("instruction_empty")),
    EditorView.contentAttributes.of({ "aria-label": t("instruction") }),
    EditorState.phrases.of(Object.fromEntries(PHRASES.map((phrase) => [phrase, t(`cm_${phrase.replace(/\W+/g, "_").replace(/_$/, "")}`)]))),
  ];
  const locking = () => [EditorState.readOnly.of(readOnly), EditorView.contentAttributes.of({ "aria-readonly": String(readOnly) })];
  const hovering = CodeMirror.hoverTooltip(({ state }, at, side) => {
    let found = completer.explain(cutOf(state), side < 0 ? at - 1 : at);
    CodeMirror.forEachDiagnostic(state, (_, from, to) => from <= at && at <= to && (found = null)); // the error is told there
    return found && { pos: found.from, end: found.to, create: () => ({ dom: h("div", { class: "ak-hover" }, found.node) }) };
  });
  const listening = EditorView.updateListener.of(({ docChanged, view }) => {
    if (docChanged) onchange(view.compositionStarted);
  });
  const composed = EditorView.domEventHandlers({
    // Its text may have come before: then nothing changes any more, and nothing else would tell.
    compositionend: () => void setTimeout(() => view.compositionStarted || onchange(false)),
  });

  const extensions = () => [
    cutField,
    CodeMirror.lineNumbers(),
    CodeMirror.lintGutter(),
    CodeMirror.highlightActiveLineGutter(),
    CodeMirror.history(),
    CodeMirror.drawSelection(),
    CodeMirror.dropCursor(),
    EditorState.allowMultipleSelections.of(true),
    CodeMirror.rectangularSelection(),
    CodeMirror.crosshairCursor(),
    EditorView.lineWrapping,
    EditorState.tabSize.of(4),
    colouring(() => completer.ownNames),
    EditorState.languageData.of(closing),
    CodeMirror.closeBrackets(),
    CodeMirror.autocompletion({ override: [completer.complete], icons: false, optionClass: ({ kind }) => `ak-o-${kind}`, maxRenderedOptions: 200 }),
    CodeMirror.search({ top: true }),
    CodeMirror.highlightSelectionMatches({ minSelectionLength: 2 }),
    hovering,
    EditorView.contentAttributes.of({ class: "ak-area", spellcheck: "false", autocapitalize: "off" }),
    worded.of(wording()),
    locked.of(locking()),
    listening,
    composed,
    // Tab stays the page's: whoever writes with the keyboard alone leaves by it.
    keymap.of([
      { key: "Tab", run: CodeMirror.acceptCompletion },
      ...CodeMirror.closeBracketsKeymap,
      ...CodeMirror.completionKeymap,
      ...CodeMirror.searchKeymap,
      ...CodeMirror.historyKeymap,
      ...CodeMirror.lintKeymap,
      ...CodeMirror.defaultKeymap.filter(({ key }) => key !== "Mod-Enter"), // it runs the prompt
    ]),
  ];

  const view = new EditorView({ parent: node, state: EditorState.create({ extensions: extensions() }) });
  let text = { doc: view.state.doc, value: "" };
  const value = () => {
    if (text.doc !== view.state.doc) text = { doc: view.state.doc, value: cutOf(view.state).source };
    return text.value;
  };

  return {
    node,
    get value() {
      return value();
    },
    /** Another text, with a history of its own. */
    set value(next) {
      if (value() === next) return this.mark(null);
      view.setState(EditorState.create({ doc: next, extensions: extensions() }));
      view.scrollDOM.scrollTop = 0;
    },
    /** Another text in place of this one; it can be undone. */
    replace(next) {
      if (value() !== next) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next }, selection: { anchor: 0 }, userEvent: "replace" });
    },
    set readOnly(on) {
      readOnly = on;
      view.dispatch({ effects: locked.reconfigure(locking()) });
    },
    /** Marks the place of an error; null for none. */
    mark(error) {
      const found = error?.source !== undefined ? [diagnosticOf(view.state, error)] : [];
      view.dispatch(CodeMirror.setDiagnostics(view.state, found));
    },
    insert(code) {
      view.focus();
      if (!readOnly) view.dispatch(view.state.replaceSelection(code), { userEvent: "input.paste", scrollIntoView: true });
    },
    goTo(line, column) {
      const at = placeOf(view.state.doc, line, column);
      view.focus();
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
    },
    /** What can be completed: the catalog, and the name of the open prompt, which must not call itself. */
    know(catalog, name) {
      completer.know(catalog, name);
      view.dispatch({ effects: newNames.of(null) });
    },
    /** Says everything again, in the page's language. */
    draw() {
      view.dispatch({ effects: worded.reconfigure(wording()) });
    },
  };
}

/** CodeMirror's own words; each has a line in the table, named by its letters. */
const PHRASES = [
  "Completions", "Control character", "Diagnostics", "Find", "Go to line", "No diagnostics", "Replace", "Selection deleted", "all", "by word", "close",
  "current match", "go", "match case", "next", "on line", "previous", "regexp", "replace", "replace all", "replaced $ matches", "replaced match on line $",
];
