// The models tab: what is in memory, what lies on the disk, and what can be fetched; everything shows how far it is.

const root = element.querySelector(".ak-page");
const FEW = 40; // rows of known models that are drawn before one asks for all
const known_models = makeModels();
let models = [];
let memory = null;
let timer = 0;
let shown = "";
let all = false;

const problem = h("div", { role: "alert" });
const gauge = h("progress", { class: "ak-progress", max: "100", tLabel: "models_memory" });
const gaugeWords = h("span", { class: "ak-help" });
const loaded = h("ul", { class: "ak-model-list" });
const lying = h("ul", { class: "ak-model-list" });
const list = h("ul", { class: "ak-model-list ak-models-known" });
const counted = h("span", { class: "ak-help" });
const search = h("input", { type: "search", tPlaceholder: "models_filter", tLabel: "models_filter", oninput: () => drawKnown() });
const japanese = h("input", { type: "checkbox", id: "ak-models-ja", onchange: () => drawKnown() });
const more = button({ word: "models_more", label: "models_more", kind: "ak-quiet", onclick: () => ((all = true), drawKnown()) });

const name = h("input", { type: "text", id: "ak-models-name", tLabel: "models_name", tPlaceholder: "models_name", autocomplete: "off", spellcheck: "false" });
const revision = h("input", { type: "text", id: "ak-models-revision", tLabel: "models_revision", tPlaceholder: "models_revision", autocomplete: "off", spellcheck: "false" });
const dtype = h("select", { tLabel: "models_dtype" }, h("option", { value: "", t: "models_dtype_auto" }), ["int4", "int8", "fp16", "bf16", "fp32"].map((each) => h("option", { value: each, text: each })));
const typed = () => ({ model: name.value.trim(), ...(revision.value.trim() ? { revision: revision.value.trim() } : {}), ...(dtype.value ? { dtype: dtype.value } : {}) });
const given = (act) => () => (name.value.trim() ? act(typed()) : name.focus());

const panel = (title, ...content) => h("section", { class: "ak-panel ak-settings-section" }, h("header", { class: "ak-panel-head" }, h("h2", { t: title })), h("div", { class: "ak-settings-content" }, content));
const about = h("p", { class: "ak-help" });
root.append(
  h(
    "div",
    { class: "ak-settings ak-models-tab" },
    problem,
    panel("models_memory", h("div", { class: "ak-models-gauge" }, gauge, gaugeWords), loaded),
    panel("models_disk", lying),
    panel(
      "models_any",
      about,
      h("div", { class: "ak-settings-line" }, name, revision, dtype, button({ word: "models_download", label: "models_download", onclick: given(download) }), button({ word: "models_load", label: "models_load", onclick: given(load) }), button({ word: "models_use", label: "models_use", kind: "ak-primary", onclick: given(use) })),
    ),
    panel("models_known", h("div", { class: "ak-settings-line" }, search, h("label", { class: "ak-check", for: "ak-models-ja" }, japanese, h("span", { t: "models_only_japanese" })), h("span", { class: "ak-spring" }), counted), list, more),
  ),
);

function complain(error) {
  problem.replaceChildren(...(error ? [errorCard(error)] : []));
  if (error) problem.scrollIntoView({ block: "nearest" });
  return Boolean(error);
}

async function act(call, payload) {
  const answer = await ask(call, payload);
  if (!complain(answer.error)) take(answer);
}

function load(model) {
  return act("load_model", { model });
}

function download(model) {
  return act("download_model", { model });
}

function use(model) {
  document.dispatchEvent(new CustomEvent("akachat:use-model", { detail: model }));
}

/** How to call a known model: an adapter by its base. */
const callOf = (preset) => (preset.base ? { model: preset.base, lora: preset.name } : { model: preset.name });

// --- what is here

function facts(model) {
  const { parameters, context, class: kind, adapters } = model.detail;
  return [
    kind,
    parameters && t("models_parameters", { n: amount(parameters) }),
    context && t("models_context", { n: context.toLocaleString("en") }),
    adapters?.length && t("models_adapters", { names: adapters.join(", ") }),
  ].filter(Boolean).join(" · ");
}

function amount(number) {
  return number >= 1e9 ? `${Number((number / 1e9).toPrecision(3))}B` : `${Number((number / 1e6).toPrecision(3))}M`;
}

function here(model) {
  const can = model.state === "ready" || model.loaded;
  const row = modelRow(model, act, [
    !model.loaded && !model.progress && button({ word: "models_load", label: "models_load", kind: "ak-quiet", onclick: () => load({ model: model.name }) }),
    can && button({ word: "models_use", label: "models_use", kind: "ak-quiet", onclick: () => use({ model: model.name }) }),
  ]);
  const line = facts(model);
  if (line) row.append(h("div", { class: "ak-model-line ak-help", text: line }));
  return row;
}

function draw() {
  const key = JSON.stringify([models, memory, language]);
  if (key === shown) return; // what a finger is on stays where it is
  shown = key;
  const local = models.filter((model) => model.location === "Local");
  const isUp = (model) => model.loaded || model.progress || model.state === "failed" || model.state === "unloading";
  const up = local.filter(isUp);
  const down = local.filter((model) => !isUp(model));
  loaded.replaceChildren(...(up.length ? up.map(here) : [h("li", { class: "ak-empty", t: "model_none" })]));
  lying.replaceChildren(...(down.length ? down.map(here) : [h("li", { class: "ak-empty" }, prose(t("models_disk_none")))]));
  about.replaceChildren(...prose(t("models_any_about")));
  if (memory) {
    gauge.value = memory.budget ? (100 * memory.used) / memory.budget : 0;
    gaugeWords.textContent = `${t("model_memory", { used: bytes(memory.used), budget: bytes(memory.budget) })} · ${t("models_free", { free: bytes(memory.free) })}`;
  }
}

function take(answer) {
  models = answer.models;
  memory = answer.memory;
  draw();
  clearTimeout(timer);
  timer = setTimeout(look, models.some((model) => model.progress || model.state === "unloading") ? MODEL_LOOK_SOON : MODEL_LOOK);
}

async function look() {
  clearTimeout(timer);
  if (!root.isConnected) return;
  if (document.hidden || root.offsetParent === null) {
    timer = setTimeout(look, MODEL_LOOK_SOON); // nobody sees it: the server is not asked
    return;
  }
  const answer = await ask("models");
  if (answer.error) {
    complain(answer.error);
    timer = setTimeout(look, MODEL_LOOK);
  } else take(answer);
}

// --- what is known

function drawKnown() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (preset) => [preset.name, preset.group, preset.task, preset.base ? "lora" : "", preset.size ? amount(preset.size * 1e9) : "", t(`find_${preset.japanese || "no"}`), preset.japanese === "yes" ? "japanese" : "", said(preset.note) ?? ""].join(" ").toLowerCase();
  const presets = known_models.all().filter((preset) => (!japanese.checked || preset.japanese === "yes") && words.every((word) => text(preset).includes(word)));
  const some = all || words.length ? presets : presets.slice(0, FEW);
  counted.textContent = t("models_shown", { n: some.length, all: presets.length });
  more.hidden = some.length === presets.length;
  list.replaceChildren(...(some.length ? some.map(knownRow) : [h("li", { class: "ak-empty", t: "models_fit_none" })]));
}

function knownRow(preset) {
  const call = callOf(preset);
  return h(
    "li",
    { class: "ak-model-row", "data-model": preset.name },
    h("div", { class: "ak-model-line" },
      known_models.title(preset.name),
      h("span", { class: "ak-tags" }, known_models.tags(preset)),
      h("span", { class: "ak-spring" }),
      button({ word: "models_download", label: "models_download", kind: "ak-quiet", onclick: () => download(call) }),
      button({ word: "models_use", label: "models_use", kind: "ak-quiet", onclick: () => use(call) }),
    ),
    preset.note && h("div", { class: "ak-model-line ak-help" }, h("span", {}, prose(said(preset.note)))),
  );
}

document.addEventListener("akachat:language", (event) => {
  setLanguage(event.detail);
  relabel(root);
  draw();
  drawKnown();
});

async function begin() {
  await look();
  const found = await ask("models_known");
  if (complain(found.error)) return;
  known_models.take(found);
  drawKnown();
}
begin();
