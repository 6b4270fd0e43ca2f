// The options as a form made from their schema, and as the JSON file itself. What is unset stays out of both.

const GROUPS = ["model", "sampling", "form", "history", "other"];

function makeForm(onchange, models) {
  let options = {};
  let complaint = ""; // what the server said last
  let wrong = null; // what is wrong with the JSON text, while it is
  const rows = new Map();
  const unknown = h("p", { class: "ak-unknown", hidden: true });
  const prompts = h("datalist", { id: "ak-prompts" });
  const groups = GROUPS.map(makeGroup).filter(Boolean);
  const form = h("div", { class: "ak-form" }, prompts, unknown, groups.map((group) => group.node));
  const json = h("textarea", { class: "ak-json", tLabel: "json_label", spellcheck: "false", rows: "14", oninput: readJson });
  const jsonError = h("p", { class: "ak-field-error", role: "alert", hidden: true });
  const jsonBox = h("div", { class: "ak-json-box", hidden: true }, json, jsonError);
  const views = segments("options", [{ id: "form", word: "as_form" }, { id: "json", word: "as_json" }], "form", (view) => {
    form.hidden = view !== "form";
    jsonBox.hidden = view !== "json";
    if (view === "json") writeJson();
    else showAll(), complain(complaint);
  });
  const node = h("div", { class: "ak-options" }, form, jsonBox);

  function makeGroup(name) {
    const fields = FACTS.fields.filter((field) => (GROUPS.includes(field.group) ? field.group : "other") === name);
    if (!fields.length) return null;
    const count = h("span", { class: "ak-count" });
    const summary = h("summary", {}, h("span", { t: `group_${name}` }), count);
    const body = h("div", { class: "ak-fields" }, fields.map(makeRow));
    return { node: h("details", { class: "ak-group", open: name === "model" || name === "sampling" }, summary, body), count, fields };
  }

  function makeRow(field) {
    const id = `ak-option-${field.name}`;
    const control = makeControl(field, id);
    const word = known(`option_${field.name}`) ? { t: `option_${field.name}` } : { text: field.name };
    const help = h("p", { class: "ak-help", id: `${id}-help`, ...(known(`help_${field.name}`) ? { t: `help_${field.name}` } : { text: field.help }) });
    const error = h("p", { class: "ak-field-error", hidden: true });
    const clear = h("button", { type: "button", class: "ak-clear", onclick: () => change(field, undefined, true) }, icon("close"));
    say(clear, "label", "clear", { name: field.name });
    say(clear, "title", "clear", { name: field.name });
    control.setAttribute("aria-describedby", help.id);
    if (field.name === "model") makePicker(control, models.modelGroups, (value) => change(field, value, true));
    if (field.name === "template") makePicker(control, models.typeGroups, (value) => change(field, value, true));
    const facts = field.name === "model" ? h("p", { class: "ak-facts", id: "ak-model-facts", hidden: true }) : null;
    const label = h("label", { for: id }, h("span", word), h("code", { text: field.name }));
    const row = h("div", { class: `ak-row ak-kind-${field.kind} ${field.name === "model" || field.name === "endpoint" ? "ak-long" : ""}` }, label, h("div", { class: "ak-control" }, control, clear), facts, help, error);
    rows.set(field.name, { row, control, clear, error, field });
    return row;
  }

  function makeControl(field, id) {
    const name = { id, name: field.name, "data-option": field.name };
    if (field.kind === "choice" || field.kind === "boolean") {
      const choices = field.kind === "boolean" ? [["true", "yes"], ["false", "no"]] : field.choices.map((c) => [c, null]);
      const empty = field.required ? [] : [h("option", { value: "", t: "unset" })];
      const select = h("select", { ...name, onchange: () => change(field, readControl(field, select)) },
        empty, choices.map(([value, word]) => h("option", word ? { value, t: word } : { value, text: value })));
      return select;
    }
    const write = (event) => !event.isComposing && change(field, readControl(field, event.target));
    if (field.kind === "long" || field.kind === "json" || field.kind === "lines") {
      return h("textarea", { ...name, rows: "1", spellcheck: "false", oninput: write, oncompositionend: write });
    }
    const list = field.name === "history_summary" ? "ak-prompts" : null;
    const numeric = field.kind === "number" || field.kind === "integer";
    return h("input", { ...name, type: "text", inputmode: numeric ? "decimal" : null, list, autocomplete: "off", spellcheck: "false", oninput: write, oncompositionend: write });
  }

  /** What a control says; a number that is none stays text, and the server's own check names it. */
  function readControl(field, control) {
    const text = control.value;
    if (field.kind === "boolean") return text === "" ? undefined : text === "true";
    if (text.trim() === "") return undefined;
    if (field.kind === "integer" || field.kind === "number") {
      const value = Number(text.normalize("NFKC").trim()); // full-width digits are digits, too
      return Number.isFinite(value) ? value : text;
    }
    if (field.kind === "lines") return text.split("\n").filter(Boolean).map(unescape);
    if (field.kind === "json") {
      try {
        return JSON.parse(text);
      } catch {
        return text;
      }
    }
    return text;
  }

  const unescape = (text) => text.replace(/\\([nt\\])/g, (_, c) => ({ n: "\n", t: "\t", "\\": "\\" })[c]);
  const escape = (text) => text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n").replace(/\t/g, "\\t");

  function writeControl(field, control, value) {
    if (value === undefined || value === null) control.value = "";
    else if (typeof value === "string") control.value = value;
    else if (field.kind === "lines" && Array.isArray(value)) control.value = value.map((v) => escape(String(v))).join("\n");
    else control.value = typeof value === "object" ? JSON.stringify(value) : String(value);
  }

  function change(field, value, shown = false) {
    options = { ...options };
    if (value === undefined) delete options[field.name];
    else options[field.name] = value;
    show(field.name, shown);
    showFacts();
    counts();
    onchange();
    if (shown) rows.get(field.name).control.focus();
  }

  function show(name, write = true) {
    const { row, control, clear, error, field } = rows.get(name);
    const value = options[name];
    if (write) writeControl(field, control, value);
    const set = value !== undefined && value !== null && !(field.required && value === field.default);
    row.classList.toggle("ak-set", set);
    clear.hidden = !set;
    error.hidden = true;
    row.classList.remove("ak-wrong");
    if (control.tagName === "TEXTAREA") control.rows = Math.min(8, control.value.split("\n").length);
  }

  function counts() {
    for (const { count, fields } of groups) {
      const set = fields.filter((field) => rows.get(field.name).row.classList.contains("ak-set")).length;
      count.hidden = !set;
      say(count, "text", "set_count", { n: set });
    }
  }

  function showAll() {
    for (const name of rows.keys()) show(name);
    showFacts();
    counts();
  }

  /** What is known of the chosen model; in the empty field for the prompt's form stands the one that it then gets. */
  function showFacts() {
    const name = options.model ?? "embedded";
    const node = form.querySelector("#ak-model-facts");
    const facts = models.facts(name, options.template);
    node.replaceChildren(...facts);
    node.hidden = !facts.length;
    rows.get("template").control.placeholder = models.typeOf(name);
  }

  function writeJson() {
    json.value = JSON.stringify(options, null, 2);
    json.rows = Math.min(40, Math.max(10, json.value.split("\n").length + 1));
    wrong = null;
    jsonError.hidden = true;
  }

  function readJson() {
    try {
      const value = JSON.parse(json.value);
      if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Error("");
      options = value;
      wrong = null;
    } catch (error) {
      wrong = error.message || t("json_wrong");
    }
    jsonError.hidden = !wrong;
    jsonError.textContent = wrong ? `${t("json_wrong")}${wrong === t("json_wrong") ? "" : `: ${wrong}`}` : "";
    onchange();
  }

  /** Shows beside the field what the server says is wrong with it. */
  function complain(message) {
    complaint = message;
    for (const name of rows.keys()) show(name, false);
    const found = /^option ([\w-]+)/i.exec(complaint.en ?? complaint);
    const place = found && rows.get(found[1]);
    if (!place) return;
    place.row.classList.add("ak-wrong");
    place.error.textContent = said(complaint).replace(/^[^:]*:\s*/, "");
    place.error.hidden = false;
    place.row.closest("details").open = true;
  }

  return {
    node,
    views,
    get wrong() {
      return wrong;
    },
    get value() {
      return options;
    },
    set value(next) {
      options = { ...next };
      wrong = null;
      showAll();
      if (!jsonBox.hidden) writeJson();
    },
    complain,
    /** Says in every unset field what will be used in its place. */
    effective(values) {
      for (const [name, { control, field }] of rows) {
        const value = values?.[name] ?? field.default;
        if (control.tagName === "SELECT" || name === "template") continue;
        control.placeholder = value === undefined || value === null || typeof value === "object" ? "" : String(value);
      }
    },
    unknown(names) {
      const shown = Object.entries(names ?? {}).map(([key, near]) => (near ? t("did_you_mean", { key, near }) : key));
      unknown.hidden = !shown.length;
      say(unknown, "text", "unknown_keys", { names: shown.join(", ") });
    },
    showFacts,
    catalog({ models: found, prompts: names }) {
      models.catalog(found);
      prompts.replaceChildren(...names.map((name) => h("option", { value: name })));
    },
  };
}
