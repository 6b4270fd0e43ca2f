// What an instruction may use, each one click from the cursor: values, variables, functions, other prompts.

const SNIPPETS = {
  comment: "{comment('')}",
  test: "{test('')}",
  iif: "{iif(input, '', '')}",
  msgf: "{msgf('''\nuser: \nai: \n''')}",
  msg: "{msg(10)}",
  rag: "{rag('', input)}",
  llm: "{llm('', input)}",
};

const quoted = (text) => `'${text.replace(/\\/g, "\\\\").replace(/'/g, "\\'")}'`;
const plainName = (key) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(key);

function makeInserts(insert) {
  const node = h("div", { class: "ak-inserts" });

  function item(code, name, words, problem) {
    const text = h("span", { class: "ak-insert-words", text: words });
    return h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: problem ? "ak-insert ak-wrong" : "ak-insert", title: `${code}\n${words}`, onclick: () => insert(code) },
        h("code", { text: name }),
        text,
      ),
    );
  }

  function section(word, items, empty) {
    return h("section", {}, h("h3", { t: word }), items.length ? h("ul", {}, items) : h("p", { class: "ak-empty", t: empty }));
  }

  return {
    node,
    show({ variables, functions, prompts, libraries = [] }, own) {
      const values = ["input", "messages"].map((name) => item(`{${name}}`, name, t(`value_${name}`)));
      const vars = variables.map(({ key, value }) => {
        const name = plainName(key) ? `var.${key}` : `var[${quoted(key)}]`;
        const glimpse = said(value.error) ?? value.text.replace(/\s+/g, " ") + (value.more ? "…" : "");
        return item(`{${name}}`, name, glimpse, Boolean(value.error));
      });
      // Variables have their own list.
      const calls = functions.filter(({ name }) => name !== "var").map(({ name, signature, documentation, origin, error }) => {
        const builtin = origin === "builtin";
        const words = said(error) || (builtin && known(`fn_${name}`) ? t(`fn_${name}`) : documentation.split("\n")[0]);
        return item((builtin && SNIPPETS[name]) || `{${name}()}`, builtin ? name : signature, words, Boolean(error));
      });
      const others = prompts.filter((name) => name !== own).map((name) => item(`{llm(${quoted(name)}, input)}`, name, ""));
      const documents = libraries.map((name) => item(`{rag(${quoted(name)}, input)}`, name, ""));
      node.replaceChildren(
        section("values", values),
        section("variables", vars, "no_variables"),
        section("functions", calls),
        ...(documents.length ? [section("rag_libraries", documents)] : []),
        ...(others.length ? [section("prompts", others)] : []),
      );
    },
  };
}
