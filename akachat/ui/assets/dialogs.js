// Two questions that are asked in the middle of the page: under which name, and whether really.
// The browser's own dialog keeps the focus inside and closes on Esc.

function openDialog(root, title, values, content, submit) {
  const heading = h("h2", { id: "ak-dialog-title" });
  say(heading, "text", title, values);
  const form = h("form", { method: "dialog", onsubmit: (event) => (event.preventDefault(), submit(dialog)) }, heading, content);
  const dialog = h("dialog", { class: "ak-dialog", "aria-labelledby": "ak-dialog-title", onclose: () => dialog.remove() }, form);
  root.append(dialog);
  dialog.showModal();
  return dialog;
}

const dialogButtons = (word, kind) => (dialog) =>
  h(
    "div",
    { class: "ak-dialog-buttons" },
    h("button", { type: "button", class: "ak-button", t: "cancel", onclick: () => dialog().close() }),
    h("button", { type: "submit", class: `ak-button ${kind}`, t: word }),
  );

/** Asks for a name; `save(name, replace)` gives an error to show, or nothing when done. */
function askName(root, start, save, { title = "save_title", values = null, word = "save" } = {}) {
  const input = h("input", { type: "text", id: "ak-name", class: "ak-name", value: start, autocomplete: "off", spellcheck: "false", "aria-describedby": "ak-name-help" });
  const problem = h("p", { class: "ak-field-error", role: "alert", hidden: true });
  let replace = "";
  const content = [
    h("label", { for: "ak-name", t: "name_label" }),
    input,
    h("p", { class: "ak-help", id: "ak-name-help", t: "name_help" }),
    problem,
    dialogButtons(word, "ak-primary")(() => dialog),
  ];
  const dialog = openDialog(root, title, values, content, async () => {
    const name = input.value.trim();
    const answer = await save(name, replace === name);
    if (!answer) return dialog.close();
    if (answer.exists) replace = name;
    problem.replaceChildren(...prose(answer.exists ? t("name_exists") : [said(answer.error.message), said(answer.error.hint)].filter(Boolean).join(" — ")));
    problem.hidden = false;
    input.focus();
  });
  input.select();
}

function askDelete(root, name, remove) {
  const text = h("p", {});
  say(text, "text", "delete_text", { name });
  const dialog = openDialog(root, "delete_title", { name }, [text, dialogButtons("delete_now", "ak-danger")(() => dialog)], async () => {
    dialog.close();
    await remove();
  });
}
