// What a conversation talks with: a saved prompt or a bare model, its system text, and the options of sampling.

/** How far a slider goes; any other number may be typed. */
const SLIDERS = {
  temperature: { max: 2, step: 0.05 },
  top_p: { max: 1, step: 0.01 },
  top_k: { max: 200, step: 1 },
  min_p: { max: 1, step: 0.01 },
  repetition_penalty: { min: 0.5, max: 2, step: 0.01 },
  max_new_tokens: { min: 1, max: 4096, step: 1 },
};
const FRESH = { prompt: "", system: "", options: {} };
const WHERE = ["location", "model", "endpoint"];

/** changed(settings) is told after each change by hand. */
function makeChatSettings(models, changed) {
  let settings = FRESH;
  let own = {}; // the options of the chosen prompt
  let prompts = [];

  const prompt = h("select", { id: "ak-chat-prompt", onchange: () => choosePrompt(prompt.value), onpointerdown: () => look(), onfocus: () => look() });
  const model = h("input", { type: "text", id: "ak-chat-model", autocomplete: "off", spellcheck: "false", placeholder: "embedded", oninput: (event) => !event.isComposing && set("model", model.value.trim()) });
  makePicker(model, models.modelGroups, (value) => ((model.value = value), set("model", value), model.focus()));
  const location = h("select", { id: "ak-chat-location", onchange: () => set("location", location.value) }, ["Local", "OpenAI"].map((value) => h("option", { value, t: `chat_location_${value}` })));
  const endpoint = h("input", { type: "text", id: "ak-chat-endpoint", list: "ak-chat-endpoints", autocomplete: "off", spellcheck: "false", oninput: () => set("endpoint", endpoint.value.trim()) });
  const endpoints = h("datalist", { id: "ak-chat-endpoints" });
  const system = h("textarea", { id: "ak-chat-system", rows: "4", tPlaceholder: "chat_system_empty", oninput: () => put({ ...settings, system: system.value }) });
  const facts = h("p", { class: "ak-facts", hidden: true });
  const instruction = h("p", { class: "ak-help", t: "chat_prompt_help" });
  const rows = new Map(FACTS.options.map((field) => [field.name, makeRow(field)]));
  const bare = h(
    "div",
    { class: "ak-chat-bare" },
    labelled("ak-chat-location", "option_location", location),
    labelled("ak-chat-model", "option_model", model, facts),
    h("div", { class: "ak-chat-endpoint" }, labelled("ak-chat-endpoint", "option_endpoint", endpoint, endpoints)),
    labelled("ak-chat-system", "chat_system", system),
  );
  const node = h(
    "div",
    { class: "ak-chat-settings" },
    labelled("ak-chat-prompt", "chat_with", prompt),
    instruction,
    bare,
    h("h3", { class: "ak-chat-sub", t: "group_sampling" }),
    [...rows.values()].map((row) => row.node),
  );

  function labelled(id, word, ...controls) {
    return h("div", { class: "ak-chat-field" }, h("label", { for: id, t: word }), controls);
  }

  function makeRow(field) {
    const id = `ak-chat-${field.name}`;
    const slider = SLIDERS[field.name];
    const number = h("input", { type: "text", id, inputmode: "decimal", autocomplete: "off", "aria-describedby": `${id}-help`, oninput: (event) => !event.isComposing && typed() });
    const range = slider
      ? h("input", { type: "range", min: String(slider.min ?? 0), max: String(slider.max), step: String(slider.step), oninput: () => set(field.name, Number(range.value)) })
      : null;
    if (range) say(range, "label", `option_${field.name}`);
    const clear = h("button", { type: "button", class: "ak-clear", onclick: () => (set(field.name, undefined), number.focus()) }, icon("close"));
    say(clear, "label", "clear", { name: field.name });
    say(clear, "title", "clear", { name: field.name });
    const row = h(
      "div",
      { class: "ak-chat-option", "data-option": field.name },
      h("label", { for: id }, h("span", { t: `option_${field.name}` })),
      h("div", { class: "ak-control" }, number, clear),
      range,
      h("p", { class: "ak-help", id: `${id}-help`, t: `help_${field.name}` }),
    );

    function typed() {
      const text = number.value.normalize("NFKC").trim(); // full-width digits are digits, too
      const value = Number(text);
      row.classList.toggle("ak-wrong", text !== "" && !Number.isFinite(value));
      if (text === "" || Number.isFinite(value)) set(field.name, text === "" ? undefined : value, number);
    }

    return {
      node: row,
      show(from) {
        const value = settings.options[field.name];
        const rest = own[field.name] ?? field.default;
        const is = value !== undefined && value !== null;
        if (from !== number) number.value = is ? String(value) : "";
        number.placeholder = rest === undefined || rest === null ? t("unset") : String(rest);
        row.classList.toggle("ak-set", is);
        row.classList.toggle("ak-unset", !is);
        if (from !== number) row.classList.remove("ak-wrong");
        clear.hidden = !is;
        if (range) range.value = String(is ? value : (rest ?? 0));
      },
    };
  }

  function set(name, value, from) {
    const options = { ...settings.options };
    if (value === undefined || value === "") delete options[name];
    else options[name] = value;
    put({ ...settings, options }, from);
  }

  function put(next, from) {
    settings = next;
    draw(from);
    changed(settings);
  }

  /** Another prompt has a model of its own; what was set of the sampling stays. */
  async function choosePrompt(name) {
    const options = Object.fromEntries(Object.entries(settings.options).filter(([key]) => !WHERE.includes(key)));
    put({ ...settings, prompt: name, options: name ? options : { ...options, location: "Local", model: "embedded" } });
    await look();
  }

  /** Reads the chosen prompt's own options, and which prompts there are now. */
  async function look() {
    const asked = settings.prompt;
    const result = await ask("chat_options", { prompt: asked });
    if (result.error || asked !== settings.prompt) return result.error;
    own = result.options;
    if (!same(prompts, result.prompts)) prompts = result.prompts;
    draw();
  }

  function draw(from) {
    const { options } = settings;
    const names = settings.prompt && !prompts.includes(settings.prompt) ? [...prompts, settings.prompt] : prompts;
    const key = JSON.stringify([names, language]);
    if (prompt.dataset.key !== key) {
      prompt.dataset.key = key;
      prompt.replaceChildren(h("option", { value: "", text: t("chat_bare") }), ...names.map((name) => h("option", { value: name, text: name })));
    }
    prompt.value = settings.prompt;
    instruction.hidden = !settings.prompt;
    bare.hidden = Boolean(settings.prompt);
    location.value = options.location ?? "Local";
    endpoint.closest(".ak-chat-endpoint").hidden = location.value !== "OpenAI";
    if (document.activeElement !== model) model.value = options.model ?? "";
    if (document.activeElement !== endpoint) endpoint.value = options.endpoint ?? "";
    if (document.activeElement !== system) system.value = settings.system;
    const known = models.facts(options.model ?? "", "");
    facts.hidden = !known.length;
    facts.replaceChildren(...known);
    for (const row of rows.values()) row.show(from);
  }

  return {
    node,
    draw,
    look,
    get value() {
      return settings;
    },
    /** Shows the settings of another conversation. */
    show(next) {
      settings = { prompt: next.prompt ?? "", system: next.system ?? "", options: { ...next.options } };
      own = {};
      draw();
      look();
    },
    /** The options that say which model is meant. */
    wanted: () => ({ ...own, ...settings.options }),
    take(boot) {
      prompts = boot.prompts;
      endpoints.replaceChildren(...boot.endpoints.map((name) => h("option", { value: name })));
      draw();
    },
  };
}
