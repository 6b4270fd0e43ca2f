// The model of the open prompt, live: ready or not, how far its loading is, and what else takes memory.

const MODEL_LOOK = 5000; // milliseconds between two looks while nothing happens…
const MODEL_LOOK_SOON = 700; // …and while something is on its way

/** What a stage of loading is called: a key of the table and its values. */
function stageWords(progress) {
  const part = `stage_${progress.stage}_part`;
  if (progress.percent !== null && known(part)) return [part, { n: progress.percent }];
  return [known(`stage_${progress.stage}`) ? `stage_${progress.stage}` : "stage_open", undefined];
}

/** A number of bytes as people write it. */
function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let power = 0;
  while (count >= 999.5 && power < units.length - 1) {
    count /= 1000;
    power++;
  }
  return `${power < 2 || count >= 99.5 ? Math.round(count) : count.toFixed(1)} ${units[power]}`;
}

/** A thin bar; it only moves to and fro where nothing can be counted. */
function progressBar(progress) {
  const bar = h("progress", { class: "ak-progress", max: "100", tLabel: "phase_loading" });
  if (progress.percent !== null) bar.value = progress.percent;
  return bar;
}

/** The state of a model of this machine in words: a key of the table and its values. */
function localWords(model) {
  if (model?.progress) return stageWords(model.progress);
  if (model?.state === "unloading") return ["model_unloading"];
  if (model?.state === "failed") return ["model_failed"];
  if (!model?.loaded) return ["model_unloaded"];
  const { device, dtype, memory: size } = model.detail;
  return device ? ["model_facts", { device, dtype, memory: bytes(size ?? 0) }] : ["model_loaded"];
}

/** A model in a list: its name, its state, how far it is, and the way to free it; more buttons come before that one. */
function modelRow(model, act, more = []) {
  const { progress, detail } = model;
  const facts = h("span", { class: "ak-model-facts" });
  say(facts, "text", ...localWords(model));
  const counted = progress?.unit === "bytes" && progress.total ? t("stage_bytes", { done: bytes(progress.done), total: bytes(progress.total) }) : "";
  const can = progress ? "model_cancel" : "model_unload";
  const removable = model.name !== "embedded" && (model.loaded || progress) && model.state !== "unloading" && model.state !== "failed";
  return h(
    "li",
    { class: "ak-model-row", "data-model": model.name },
    h("div", { class: "ak-model-line" },
      h("span", { class: "ak-model-name", text: model.name, title: model.name }),
      h("span", { class: "ak-spring" }),
      more,
      removable && h("button", { type: "button", class: "ak-button ak-quiet", t: can, title: t(`${can}_help`, { name: model.name }), onclick: () => act("unload_model", { name: model.name }) }),
    ),
    h("div", { class: "ak-model-line" }, facts, counted && h("span", { text: counted }), detail.queue > 0 && h("span", { text: t("model_queue", { n: detail.queue }) })),
    progress && progressBar(progress),
    model.state === "failed" && detail.error && errorCard(detail.error),
  );
}

function makeModelState(ask, changed) {
  let models = [];
  let memory = null;
  let wanted = { model: "embedded", location: "Local" };
  let timer = 0;
  let shown = "";
  const dot = h("span", { class: "ak-dot", "aria-hidden": "true" });
  const name = h("span", { class: "ak-model-name" });
  const words = h("span", { class: "ak-model-state", role: "status", "aria-live": "off" });
  const bar = h("span", { class: "ak-model-bar" });
  const summary = h("summary", { class: "ak-model", "data-testid": "model" }, dot, name, words, bar);
  const panel = h("div", { class: "ak-models" });
  const node = h("details", { class: "ak-model-box", ontoggle: () => node.open && look() }, summary, panel);
  document.addEventListener("click", (event) => {
    if (node.open && !node.contains(event.target)) node.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !node.open || event.isComposing) return;
    node.open = false;
    summary.focus();
  });

  const isRemote = () => wanted.location === "OpenAI";
  const mine = () => {
    const found = models.filter((m) => m.name === wanted.model && m.location === wanted.location);
    return found.find((m) => m.progress) ?? found.find((m) => m.loaded) ?? found[0];
  };

  /** The state in words: a key of the table and its values. */
  function stateWords(model) {
    if (isRemote() && (!model || model.location === "OpenAI")) return ["model_remote"];
    return localWords(model);
  }

  function draw() {
    const model = mine();
    dot.className = `ak-dot ${isRemote() || model?.loaded ? "ak-on" : ""} ${model?.progress ? "ak-coming" : ""} ${model?.state === "failed" ? "ak-wrong-dot" : ""}`;
    name.textContent = String(wanted.model);
    say(words, "text", ...stateWords(model));
    bar.replaceChildren(...(model?.progress ? [progressBar(model.progress)] : []));
    summary.title = `${t("model")}: ${wanted.model} (${t(...stateWords(model))})${wanted.endpoint ? ` ${wanted.endpoint}` : ""}`;
    const key = JSON.stringify([models, memory, wanted, language]);
    if (key === shown) return; // what a finger is on stays where it is
    shown = key;
    const rows = models.filter((m) => m.location === "Local" && (m.loaded || m.progress || m.state === "failed"));
    const loadable = !isRemote() && !model?.loaded && !model?.progress;
    panel.replaceChildren(
      h("h3", { t: "model_details" }),
      h("ul", { class: "ak-model-list" }, rows.length ? rows.map((model) => modelRow(model, act)) : h("li", { class: "ak-empty", t: "model_none" })),
      h(
        "div",
        { class: "ak-model-foot" },
        memory && h("span", { text: t("model_memory", { used: bytes(memory.used), budget: bytes(memory.budget) }) }),
        h("span", { class: "ak-spring" }),
        loadable && button({ word: "model_load", label: "model_load", onclick: () => act("load_model", { model: wanted }) }),
      ),
    );
  }

  async function act(call, payload) {
    const result = await ask(call, payload);
    if (!result.error) return take(result);
    panel.append(errorCard(result.error));
  }

  function take(result) {
    models = result.models;
    memory = result.memory ?? memory;
    changed(models);
    draw();
    schedule();
  }

  function schedule() {
    clearTimeout(timer);
    timer = setTimeout(look, models.some((m) => m.progress || m.state === "unloading") ? MODEL_LOOK_SOON : MODEL_LOOK);
  }

  async function look() {
    clearTimeout(timer);
    if (!node.isConnected) return;
    const unseen = document.hidden || node.offsetParent === null; // another tab of ours is open
    const result = unseen ? { error: true } : await ask("models");
    if (result.error) schedule();
    else take(result);
  }

  document.addEventListener("visibilitychange", () => document.hidden || look());
  return {
    node,
    draw,
    look,
    take,
    want(options) {
      wanted = { ...options, model: options.model ?? "embedded", location: options.location ?? "Local" };
      draw();
    },
  };
}
