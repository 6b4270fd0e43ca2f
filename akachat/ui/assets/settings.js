// The settings tab: every field saves itself when it is left; keys go in and never come back.

const root = element.querySelector(".ak-page");
const MASKED = "•••";
const GENERAL = ["is_test", "language", "title", "default_prompt"];
const NAMED = ["models", "loras", "embedding_models"];
let fields = new Map();
let prompts = [];
let filter = "";

const note = h("span", { class: "ak-toast", role: "status", "aria-live": "polite" });
const problem = h("div", { role: "alert" });
const body = h("div", { class: "ak-settings-body" });
root.append(h("div", { class: "ak-settings" }, h("header", { class: "ak-settings-head" }, h("p", { class: "ak-help", t: "settings_about" }), note), problem, body));

function announce() {
  say(note, "text", "settings_saved");
  note.classList.remove("ak-shown");
  void note.offsetWidth; // restarts the fading
  note.classList.add("ak-shown");
}

/** Sends changes; true where they are saved. What is wrong is told beside the field. */
async function change(changes, place) {
  const answer = await ask("settings_change", { changes });
  place?.replaceChildren(...(answer.error ? [errorCard(answer.error)] : []));
  if (answer.error) return false;
  take(answer);
  announce();
  if ("language" in changes) document.dispatchEvent(new CustomEvent("akachat:settings-language", { detail: changes.language }));
  document.dispatchEvent(new CustomEvent("akachat:settings", { detail: Object.keys(changes) }));
  return true;
}

/** A change of one field, which may stand in a section. */
function changed(name, value) {
  const [section, inner] = name.split(".");
  return inner ? { [section]: { [inner]: value } } : { [name]: value };
}

const wordOf = (name) => (known(`settings_${name}`) ? { t: `settings_${name}` } : { text: name });
const written = (value) => (typeof value === "number" ? value.toLocaleString("en", { maximumFractionDigits: 3 }) : String(value));

/** What stands below a field: who sets it, what it falls back to, when it takes effect. */
function remarks(field) {
  return h(
    "span",
    { class: "ak-settings-remarks" },
    field.variable && h("span", { class: "ak-tag", text: t("settings_variable", { name: field.variable }) }),
    field.restart && h("span", { class: "ak-tag", t: "settings_restart" }),
  );
}

function input(field, place) {
  const common = { id: `ak-set-${field.name}`, disabled: Boolean(field.variable), "aria-describedby": `ak-set-${field.name}-help` };
  const send = (value) => change(changed(field.name, value), place);
  if (field.kind === "boolean") return h("input", { type: "checkbox", ...common, checked: field.value, onchange: (event) => send(event.target.checked) });
  if (field.kind === "choice" || field.name === "default_prompt") {
    const choices = field.kind === "choice" ? field.choices.map((value) => [value, t(`settings_${field.name}_${value}`)]) : [...new Set([field.value, ...prompts])].map((name) => [name, name]);
    return h("select", { ...common, onchange: (event) => send(event.target.value) }, choices.map(([value, text]) => h("option", { value, text, selected: value === field.value })));
  }
  if (field.kind === "list") {
    return h("textarea", { ...common, rows: "3", tPlaceholder: "settings_lines", value: field.value.join("\n"), onchange: (event) => send(event.target.value.split("\n").map((line) => line.trim()).filter(Boolean)) });
  }
  if (field.kind === "integer" || field.kind === "number") {
    return h("input", { type: "number", step: field.kind === "integer" ? "1" : "any", min: field.min, max: field.max, ...common, value: String(field.value), onchange: (event) => send(event.target.value === "" ? null : Number(event.target.value)) });
  }
  return h("input", { type: "text", ...common, value: field.value ?? "", autocomplete: "off", onchange: (event) => send(event.target.value) });
}

function row(name) {
  const field = fields.get(name);
  const place = h("div", { role: "alert" });
  const word = wordOf(name);
  return h(
    "div",
    { class: `ak-settings-row ${field.kind === "boolean" ? "ak-settings-check" : ""}` },
    h("label", { for: `ak-set-${name}`, ...word }),
    h("div", { class: "ak-settings-field" }, input(field, place), remarks(field), h("p", { class: "ak-help", id: `ak-set-${name}-help`, text: said(field.help) }), place),
  );
}

function section(title, about, ...content) {
  return h("section", { class: "ak-panel ak-settings-section" }, h("header", { class: "ak-panel-head" }, h("h2", { t: title })), h("div", { class: "ak-settings-content" }, about && h("p", { class: "ak-help" }, prose(t(about))), content));
}

// --- keys

function secretRow(name) {
  const field = fields.get(name);
  const place = h("div", { role: "alert" });
  const box = h("input", { type: "password", id: `ak-set-${name}`, tPlaceholder: "settings_key_new", autocomplete: "off", disabled: Boolean(field.variable), onchange: () => box.value && change({ [name]: box.value }, place) });
  return h(
    "div",
    { class: "ak-settings-row" },
    h("label", { for: `ak-set-${name}`, t: `settings_${name}` }),
    h(
      "div",
      { class: "ak-settings-field" },
      h("div", { class: "ak-settings-line" },
        h("span", { class: `ak-tag ${field.value ? "ak-tag-ja" : ""}`, t: field.value ? "settings_key_set" : "settings_key_none", "data-testid": `key-${name}` }),
        box,
        field.value && !field.variable && button({ word: "settings_key_remove", label: "settings_key_remove", kind: "ak-quiet", onclick: () => change({ [name]: null }, place) }),
        name === "openai_key" && testButton("", place),
      ),
      remarks(field),
      h("p", { class: "ak-help", text: said(field.help) }),
      place,
    ),
  );
}

// --- endpoints

function testButton(endpoint, place) {
  const node = button({
    word: "settings_test",
    label: "settings_test",
    kind: "ak-quiet",
    onclick: async () => {
      node.disabled = true;
      place.replaceChildren(h("p", { class: "ak-help", t: "settings_testing" }));
      const answer = await ask("settings_test", { endpoint });
      node.disabled = false;
      if (answer.error) return place.replaceChildren(errorCard(answer.error));
      const names = answer.models.slice(0, 30);
      place.replaceChildren(
        h("p", { class: "ak-settings-good", text: t("settings_answers", { s: seconds(answer.seconds), n: answer.models.length }) }),
        h("p", { class: "ak-settings-models" }, names.map((name) => h("code", { text: name })), answer.models.length > names.length && "…"),
      );
    },
  });
  return node;
}

function endpointRow(name, endpoint) {
  const place = h("div", { role: "alert" });
  const url = h("input", { type: "url", value: endpoint.url, tLabel: "settings_url", autocomplete: "off", spellcheck: "false", onchange: save });
  const key = h("input", { type: "password", tLabel: "settings_key", placeholder: endpoint.key ? MASKED : t("settings_key_none"), autocomplete: "off", onchange: save });
  async function save() {
    const keeps = endpoint.key && !key.value;
    await change({ endpoints: { [name]: { url: url.value.trim(), key: keeps ? MASKED : key.value || null } } }, place);
  }
  return h(
    "li",
    { class: "ak-settings-endpoint" },
    h("div", { class: "ak-settings-line" },
      h("strong", { text: name }),
      url,
      key,
      testButton(name, place),
      button({ label: "settings_remove", glyph: "trash", kind: "ak-quiet", onclick: () => change({ endpoints: { [name]: null } }, place) }),
    ),
    place,
  );
}

// Made once: what is typed here stays when the rest is drawn anew.
const fresh = {
  name: h("input", { type: "text", id: "ak-set-new-name", tPlaceholder: "settings_name", tLabel: "settings_name", autocomplete: "off" }),
  url: h("input", { type: "url", id: "ak-set-new-url", tPlaceholder: "settings_url", tLabel: "settings_url", autocomplete: "off" }),
  key: h("input", { type: "password", id: "ak-set-new-key", tPlaceholder: "settings_key", tLabel: "settings_key", autocomplete: "off" }),
};

function endpoints() {
  const known = Object.entries(fields.get("endpoints").value);
  const place = h("div", { role: "alert" });
  const { name, url, key } = fresh;
  const add = async (event) => {
    event.preventDefault();
    if (!name.value.trim()) return name.focus();
    const given = { url: url.value.trim(), ...(key.value ? { key: key.value } : {}) };
    if (await change({ endpoints: { [name.value.trim()]: given } }, place)) for (const box of Object.values(fresh)) box.value = "";
  };
  return section(
    "settings_endpoints",
    "settings_endpoints_about",
    h("ul", { class: "ak-settings-endpoints" }, known.map(([name, endpoint]) => endpointRow(name, endpoint))),
    !known.length && h("p", { class: "ak-empty" }, prose(t("settings_endpoints_none"))),
    h("form", { class: "ak-settings-line ak-settings-new", onsubmit: add }, name, url, key, h("button", { type: "submit", class: "ak-button", t: "settings_add" })),
    place,
  );
}

// --- limits

function limitRow(field) {
  const place = h("div", { role: "alert" });
  const differs = field.value !== field.default;
  return h(
    "tr",
    { class: differs ? "ak-settings-differs" : "" },
    h("th", { scope: "row" }, h("label", { for: `ak-set-${field.name}` }, h("code", { text: field.name.slice("limits.".length) })), h("p", { class: "ak-help", id: `ak-set-${field.name}-help`, text: said(field.help) })),
    h("td", {}, input(field, place), place),
    h("td", { class: "ak-settings-default" },
      h("span", { text: t("settings_default", { value: written(field.default) }) }),
      differs && !field.variable && button({ label: "settings_reset", glyph: "undo", kind: "ak-quiet", onclick: () => change(changed(field.name, null), place) }),
      remarks(field),
    ),
  );
}

function limits() {
  const rows = h("tbody", {});
  const search = h("input", { type: "search", tPlaceholder: "settings_limits_filter", tLabel: "settings_limits_filter", value: filter, oninput: () => ((filter = search.value), fill()) });
  function fill() {
    const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
    const fit = [...fields.values()].filter((field) => field.name.startsWith("limits.") && words.every((word) => `${field.name} ${field.help.en} ${field.help.ja}`.toLowerCase().includes(word)));
    rows.replaceChildren(...(fit.length ? fit.map(limitRow) : [h("tr", {}, h("td", { class: "ak-empty", t: "settings_limits_none" }))]));
  }
  fill();
  return section("settings_limits", null, search, h("div", { class: "ak-settings-scroll" }, h("table", { class: "ak-settings-limits" }, rows)));
}

// --- what only the owner changes

function owners() {
  const locked = [...fields.values()].filter((field) => field.locked);
  const shown = ({ value }) => (value.length ? value.map((each) => (typeof each === "string" ? each : `${each.name} (${each.role})`)).join(", ") : t("settings_empty"));
  return section(
    "settings_owner",
    "settings_owner_about",
    h("dl", { class: "ak-settings-locked" }, locked.map((field) => [h("dt", {}, h("code", { text: field.name })), h("dd", {}, h("span", { text: shown(field) }), h("p", { class: "ak-help", text: said(field.help) }))])),
  );
}

// --- all of it

let unknownKeys = {};
function take(answer) {
  fields = new Map(answer.fields.map((field) => [field.name, field]));
  prompts = answer.prompts;
  unknownKeys = answer.unknown;
  draw();
}

function draw() {
  const focused = document.activeElement?.id;
  const unknown = Object.entries(unknownKeys).filter(([name]) => !name.startsWith("AKACHAT_"));
  body.replaceChildren(
    ...[
      unknown.length && h("div", { class: "ak-settings-unknown", role: "status" }, h("p", { t: "settings_unknown" }), h("ul", {}, unknown.map(([name, near]) => h("li", {}, h("code", { text: name }), near && ` ${t("settings_meant", { name: near })}`)))),
      section("settings_general", null, GENERAL.map(row)),
      section("settings_keys", "settings_keys_about", ["openai_key", "hf_token"].map(secretRow)),
      endpoints(),
      section("settings_named", null, NAMED.map(row)),
      section("settings_journal", null, [...fields.keys()].filter((name) => name.startsWith("journal.")).map(row)),
      owners(),
      limits(),
    ].filter(Boolean),
  );
  // Drawn anew under a hand that has moved on to the next field: that one keeps the focus.
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

async function begin() {
  const answer = await ask("settings_show");
  problem.replaceChildren(...(answer.error ? [errorCard(answer.error)] : []));
  if (!answer.error) take(answer);
}

document.addEventListener("akachat:language", (event) => {
  setLanguage(event.detail);
  relabel(root);
  if (fields.size) draw();
});
begin();
