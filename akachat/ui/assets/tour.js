// The first steps: a strip above the prompt that leads from the sample to a variable, a document and two temperatures.

const TOUR_STEPS = 6;

/**
 * Makes the strip.
 * page: { ask, open(name), run(), setInput(text), refresh(), request(), drafts() } - what it does, it does as a hand would.
 */
function makeTour(page) {
  const node = h("section", { class: "ak-panel ak-tour", tLabel: "tour", hidden: true });
  let step = 1;
  let busy = false;
  let ended = false; // the step's own thing is done

  const variable = () => (language === "ja" ? "name" : "name_en");
  const sample = () => (language === "ja" ? "sample" : "sample_en");
  const remember = (value) => page.drafts().keepAside("\u0000tour", value);

  const steps = {
    1: async () => {
      await page.open(sample());
      page.setInput(t("tour_1_input"));
      page.run();
    },
    2: async () => {
      const box = node.querySelector("input");
      const answer = await page.ask("tour_variable", { key: variable(), value: box.value });
      if (!answer.error) page.refresh();
      return answer.error;
    },
    3: async () => page.run(),
    4: async () => {
      const answer = await page.ask("tour_document", {
        library: t("rag_sample_name"),
        text: t("rag_sample_text"),
        file: "AW-10.md",
        prompt: t("tour_4_prompt"),
        instruction: t("tour_4_instruction"),
        options: { location: "Local", model: "embedded", temperature: 0, max_new_tokens: 200 },
      });
      if (answer.error) return answer.error;
      page.took(answer);
      await page.open(t("tour_4_prompt"));
      page.setInput(t("tour_4_input"));
      page.run();
    },
    5: async () => {
      const answer = await page.ask("tour_compare", { ...page.request(), temperatures: [0, 1.5] });
      if (answer.error) return answer.error;
      shown.replaceChildren(...answer.answers.map((one) => h("div", { class: "ak-tour-answer" }, h("strong", { text: t("tour_5_at", { n: one.temperature }) }), h("p", { text: one.text }))));
    },
  };
  const shown = h("div", { class: "ak-tour-shown" });

  async function act() {
    if (busy) return;
    busy = true;
    draw();
    const error = await steps[step]();
    busy = false;
    ended = !error;
    draw();
    if (error) shown.replaceChildren(errorCard(error));
  }

  function go(next) {
    step = next;
    ended = false;
    shown.replaceChildren();
    remember({ step });
    draw();
    if (step === 2) look();
  }

  async function look() {
    const answer = await page.ask("tour_look", { key: variable() });
    const box = node.querySelector("input");
    if (box && !answer.error && !box.value) box.value = answer.value.trim();
  }

  function close() {
    node.hidden = true;
    remember({ closed: true });
  }

  function draw() {
    const last = step === TOUR_STEPS;
    const kept = node.querySelector("input")?.value ?? "";
    const box = h("input", { type: "text", tLabel: "tour_2_label", value: kept, autocomplete: "off", onkeydown: (event) => event.key === "Enter" && !event.isComposing && act() });
    node.replaceChildren(
      ...[
        h("span", { class: "ak-tour-count", text: t("tour_step", { n: step, all: TOUR_STEPS }) }),
        h("p", { class: "ak-tour-text" }, prose(t(`tour_${step}`))),
        step === 2 && box,
        h(
          "span",
          { class: "ak-tour-buttons" },
          !last && button({ word: busy ? "tour_working" : `tour_${step}_do`, label: `tour_${step}_do`, kind: ended ? "" : "ak-primary", disabled: busy, onclick: act }),
          step > 1 && button({ word: "tour_back", label: "tour_back", kind: "ak-quiet", onclick: () => go(step - 1) }),
          last ? button({ word: "tour_end", label: "tour_end", kind: "ak-primary", onclick: close }) : button({ word: "tour_next", label: "tour_next", kind: ended ? "ak-primary" : "ak-quiet", onclick: () => go(step + 1) }),
          button({ label: "tour_close", glyph: "close", kind: "ak-quiet", onclick: close }),
        ),
        shown,
      ].filter(Boolean),
    );
  }

  return {
    node,
    draw: () => node.hidden || draw(),
    /** Begins where it was left; by itself only for who has never seen it. */
    begin(asked) {
      const kept = page.drafts().aside("\u0000tour") ?? {};
      if (kept.closed && !asked) return;
      node.hidden = false;
      go(asked ? 1 : (kept.step ?? 1));
    },
  };
}
