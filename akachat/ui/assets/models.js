// The models of which something is known, and the prompt types: as what the form's fields offer, and as a line of facts.

const SIZES = ["tiny", "small", "medium", "large", "huge", ""];

function makeModels() {
  let presets = [];
  let types = [];
  let here = []; // the models that can be used at once
  const find = (name) => presets.find((preset) => preset.name === name);

  const badge = (key, values, kind = "") => h("span", { class: `ak-tag ${kind}`, text: t(key, values) });

  function tags(preset) {
    return [
      preset.task === "translation" && badge("model_translation"),
      preset.japanese === "yes" && badge("model_japanese", null, "ak-tag-ja"),
      preset.base && badge("model_lora"),
      preset.type === "none" && badge("model_base"),
      preset.needs_token && badge("model_token", null, "ak-tag-warn"),
      preset.size ? h("span", { class: "ak-tag-size", text: size(preset) }) : null,
    ].filter(Boolean);
  }

  const size = ({ size: billions }) => (billions < 1 ? `${Math.round(billions * 1000)}M` : `${Number(billions.toPrecision(3))}B`);

  function title(name) {
    const cut = name.lastIndexOf("/") + 1;
    return h("span", { class: "ak-pick-name" }, cut ? h("span", { class: "ak-pick-owner", text: name.slice(0, cut) }) : null, name.slice(cut));
  }

  function modelEntry(name, preset) {
    const words = preset ? [preset.type, t(`find_${preset.japanese || "no"}`), preset.task, preset.group, t(`task_${preset.task || "causal"}`), preset.needs_token ? t("model_token") : "", preset.base] : [];
    return { value: name, find: [name, ...words].join(" ").toLowerCase(), row: () => [title(name), h("span", { class: "ak-tags" }, preset ? tags(preset) : null)] };
  }

  return {
    find,
    tags,
    title,
    all: () => presets,
    take(found) {
      presets = found.presets;
      types = found.types;
    },
    catalog(found) {
      here = found.filter((model) => model.location === "Local").map((model) => model.name);
    },
    modelGroups: () => [
      { title: t("models_here"), entries: here.map((name) => modelEntry(name, find(name))) },
      ...SIZES.map((group) => ({
        title: t(`size_${group || "unknown"}`),
        entries: presets.filter((preset) => preset.group === group && !here.includes(preset.name)).map((preset) => modelEntry(preset.name, preset)),
      })),
    ],
    typeGroups: () => [
      {
        title: t("types_title"),
        entries: types.map(({ name, note }) => ({
          value: name,
          find: `${name} ${said(note) ?? ""}`.toLowerCase(),
          row: () => [h("span", { class: "ak-pick-name", text: name }), note && h("span", { class: "ak-pick-note", text: said(note) })],
        })),
      },
    ],
    /** What is known of a model, in one line; nothing where nothing is. */
    facts(name, template) {
      const preset = find(name);
      if (!preset) return [];
      const type = preset.type && !template ? h("span", { class: "ak-tag ak-tag-type", text: t("type_by_model", { type: preset.type }) }) : null;
      return [h("span", { class: "ak-tags" }, tags(preset), type), preset.note && h("span", { class: "ak-model-note" }, prose(said(preset.note)))].filter(Boolean);
    },
    typeOf: (name) => find(name)?.type ?? "",
  };
}
