// Import and export: dialogs that say what will come of a file, and what of it will be lost, before anything is saved.

const MOST_BYTES = 16 * 1024 * 1024;
const PASTED = "akachat:import-text"; // what was pasted survives a reload, for this tab

function readPasted() {
  try {
    return sessionStorage.getItem(PASTED) ?? "";
  } catch {
    return ""; // storage is switched off
  }
}

function keepPasted(text) {
  try {
    if (text) sessionStorage.setItem(PASTED, text);
    else sessionStorage.removeItem(PASTED);
  } catch {
    // storage is switched off, or full: the text stays in its field
  }
}

const fileData = (blob) =>
  new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(blob);
  });

/** Asks for files or a text, shows what an import makes, and imports it; `done(answer)` when it has. */
function openImport(root, done) {
  let files = [];
  let shown = null;
  let asked = 0; // counts the questions, so that a late answer does not cover a newer one
  const chooser = h("input", { type: "file", multiple: true, hidden: true, tLabel: "import_choose", onchange: () => take([...chooser.files]) });
  const drop = h(
    "div",
    { class: "ak-exchange-drop", "data-testid": "import-drop" },
    h("p", { t: "import_drop" }),
    button({ word: "import_choose", label: "import_choose", onclick: () => chooser.click() }),
    h("p", { class: "ak-help", t: "import_kinds" }),
    chooser,
  );
  const text = h("textarea", { rows: "6", class: "ak-exchange-text ak-mono", tLabel: "import_text", tPlaceholder: "import_example", spellcheck: "false", value: readPasted(), oninput: typed, oncompositionend: typed });
  const paste = h("details", { open: Boolean(text.value) }, h("summary", { t: "import_paste" }), text);
  const name = h("input", { type: "text", id: "ak-import-name", autocomplete: "off", spellcheck: "false", oninput: typed, oncompositionend: typed });
  const nameLabel = h("label", { for: "ak-import-name", t: "import_name" });
  const format = h("select", { id: "ak-import-format", onchange: look }, h("option", { value: "", t: "import_format_auto" }), FACTS.imports.map((each) => h("option", { value: each, t: `import_is_${each}` })));
  const replace = h("input", { type: "checkbox", id: "ak-import-replace", onchange: look });
  const replaceRow = h("label", { class: "ak-check", for: "ak-import-replace", hidden: true }, replace, h("span", { t: "import_replace" }));
  const fields = h("div", { class: "ak-exchange-fields", hidden: true }, nameLabel, name, h("label", { for: "ak-import-format", t: "import_format" }), format, h("span"), replaceRow);
  const chosen = h("p", { class: "ak-exchange-files ak-help", hidden: true });
  const result = h("div", { class: "ak-exchange-result", role: "region", tLabel: "import_made", "aria-live": "polite", "data-testid": "import-result" });
  const submit = h("button", { type: "submit", class: "ak-button ak-primary", t: "import_save", disabled: true });
  const buttons = h("div", { class: "ak-dialog-buttons" }, h("button", { type: "button", class: "ak-button", t: "cancel", onclick: () => dialog.close() }), submit);
  const dialog = openDialog(root, "import_title", null, [drop, paste, chosen, fields, result, buttons], save);
  dialog.classList.add("ak-exchange");
  dialog.addEventListener("dragover", (event) => (event.preventDefault(), drop.classList.add("ak-over")));
  dialog.addEventListener("dragleave", () => drop.classList.remove("ak-over"));
  dialog.addEventListener("drop", (event) => (event.preventDefault(), drop.classList.remove("ak-over"), take([...event.dataTransfer.files])));
  const later = debounce(look, 300);
  if (text.value) look();

  function typed(event) {
    if (event.target === text) {
      keepPasted(text.value);
      files = [];
    }
    if (!event.isComposing) later();
  }

  async function take(given) {
    chooser.value = "";
    if (!given.length) return;
    if (given.reduce((sum, file) => sum + file.size, 0) > MOST_BYTES) return complain({ type: "InvalidInput", message: t("import_large") });
    say(result, "text", "import_reading");
    files = await Promise.all(given.map(async (file) => ({ name: file.name, data: await fileData(file) })));
    paste.open = false;
    look();
  }

  function question() {
    return { files, text: files.length ? "" : text.value, name: name.value, format: format.value, replace: replace.checked };
  }

  async function look() {
    later.cancel();
    const mine = ++asked;
    const given = question();
    submit.disabled = true;
    chosen.hidden = !files.length;
    chosen.textContent = files.map((file) => file.name).join(", ");
    fields.hidden = !files.length && !text.value.trim();
    dialog.classList.toggle("ak-exchange-given", !fields.hidden);
    if (fields.hidden) return result.replaceChildren();
    const answer = await ask("exchange_look", given);
    if (mine !== asked || !dialog.isConnected) return;
    if (answer.error) {
      replaceRow.hidden = answer.error.type !== "Conflict" && !replace.checked;
      return complain(answer.error);
    }
    shown = answer;
    submit.disabled = false;
    say(nameLabel, "text", answer.prompts.length > 1 ? "import_folder" : "import_name");
    name.placeholder = answer.prompts.length === 1 ? answer.prompts[0].name : "";
    replaceRow.hidden = !answer.prompts.some((prompt) => prompt.taken) && !replace.checked;
    draw();
  }

  function complain(error) {
    delete result.dataset.ttext;
    const taken = error.type === "Conflict"; // no accident: the name is taken, and may be meant
    result.replaceChildren(taken ? h("p", { class: "ak-field-error", role: "alert" }, prose(`${said(error.message)} — ${said(error.hint)}`)) : errorCard(error));
  }

  function draw() {
    delete result.dataset.ttext;
    const variables = Object.entries(shown.variables);
    const parts = [
      h("h3", { class: "ak-exchange-head" }, h("span", { t: "import_made" }), h("span", { class: "ak-badge", text: t("import_as", { kind: kindWord(shown.kind) }) })),
      h("ul", { class: "ak-exchange-prompts" }, shown.prompts.map(drawPrompt)),
      leftOut(shown.left_out, "import_left_out", "import_all"),
      variables.length ? h("div", {}, h("h3", { t: "import_variables" }), pairs(variables)) : null,
      shown.examples.count ? h("div", {}, h("p", { class: "ak-help", text: t("import_inputs", { n: shown.examples.count }) }), pairs(shown.examples.some.map((each) => ["", [each.input, ...Object.entries(each.var).map((pair) => pair.join(" = "))].filter(Boolean).join(" · ")]))) : null,
      shown.messages ? h("p", { text: t("import_messages", { n: shown.messages }) }) : null,
    ];
    result.replaceChildren(...parts.filter(Boolean));
  }

  async function save() {
    if (submit.disabled) return;
    submit.disabled = true;
    const answer = await ask("exchange_bring", question());
    if (answer.error) return complain(answer.error);
    keepPasted("");
    dialog.close();
    await done(answer);
  }
}

function kindWord(kind) {
  const key = `import_kind_${kind.replaceAll(" ", "_")}`;
  return known(key) ? t(key) : kind;
}

function drawPrompt(prompt) {
  const options = Object.entries(prompt.options).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]);
  return h(
    "li",
    { class: "ak-exchange-prompt" },
    h("p", { class: "ak-exchange-name" }, h("strong", { text: prompt.name }), h("span", { class: "ak-badge", t: prompt.exists ? "import_changes" : "import_new" })),
    prompt.taken ? h("p", { class: "ak-help" }, prose(t("import_taken", { name: prompt.taken }))) : null,
    prompt.instruction ? h("pre", { class: "ak-mono", tabindex: "0", text: prompt.instruction + (prompt.more ? `\n${t("import_more")}` : "") }) : h("p", { class: "ak-help", t: "import_empty" }),
    options.length ? h("details", {}, h("summary", { t: "import_options" }), pairs(options)) : null,
    prompt.reads.length ? h("p", { class: "ak-help", text: t("import_reads", { names: prompt.reads.join(", ") }) }) : null,
  );
}

const pairs = (entries) => h("ul", { class: "ak-exchange-pairs" }, entries.map(([key, value]) => h("li", {}, key ? h("code", { text: key }) : null, value === "" ? h("span", { class: "ak-help", t: "import_blank" }) : h("span", { text: value }))));

function leftOut(notes, title, nothing) {
  if (!notes.length) return h("p", { class: "ak-exchange-all", t: nothing });
  return h("div", { class: "ak-exchange-left" }, h("h3", { t: title }), h("ul", {}, notes.map((note) => h("li", {}, prose(said(note))))));
}

/** Asks for a format, says what is not in the file, and gives it to the browser. */
function openExport(root, prompt, isDirty, done) {
  let file = null;
  let asked = 0;
  const choices = segments("export_format", FACTS.exports.map((id) => ({ id, word: `export_${id}` })), FACTS.exports[0], look);
  const help = h("p", { class: "ak-help" });
  const result = h("div", { class: "ak-exchange-result", "aria-live": "polite", "data-testid": "export-result" });
  const submit = h("button", { type: "submit", class: "ak-button ak-primary", t: "export_save", disabled: true });
  const buttons = h("div", { class: "ak-dialog-buttons" }, h("button", { type: "button", class: "ak-button", t: "cancel", onclick: () => dialog.close() }), submit);
  const dirty = isDirty ? h("p", { class: "ak-exchange-dirty", t: "export_dirty" }) : null;
  const dialog = openDialog(root, "export_title", { name: prompt }, [choices, help, dirty ?? [], result, buttons], save);
  dialog.classList.add("ak-exchange");
  look(FACTS.exports[0]);

  async function look(format) {
    const mine = ++asked;
    submit.disabled = true;
    say(help, "text", `export_${format}_help`);
    const answer = await ask("exchange_give", { name: prompt, format, url: new URL("/v1", location.origin).href });
    if (mine !== asked || !dialog.isConnected) return;
    if (answer.error) return result.replaceChildren(errorCard(answer.error));
    file = answer;
    submit.disabled = false;
    result.replaceChildren(h("p", {}, h("code", { text: file.file })), leftOut(file.left_out, "export_left_out", "export_all"));
  }

  function save() {
    if (submit.disabled) return;
    const bytes = Uint8Array.from(atob(file.data), (character) => character.charCodeAt(0));
    const url = URL.createObjectURL(new Blob([bytes], { type: file.media }));
    h("a", { href: url, download: file.file }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    dialog.close();
    done(file);
  }
}
