// What has just been done, and the button that undoes it: it stays long enough to be reached, by mouse or by keyboard.

const UNDO_SECONDS = 12;

function makeUndo(root) {
  const holder = h("div", { class: "ak-undo-holder", role: "status", "aria-live": "polite" });
  let timer = 0;
  const hide = () => holder.replaceChildren();
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(hide, UNDO_SECONDS * 1000);
  };
  holder.addEventListener("pointerenter", () => clearTimeout(timer));
  holder.addEventListener("pointerleave", wait);
  holder.addEventListener("focusin", () => clearTimeout(timer));
  holder.addEventListener("focusout", wait);
  root.append(holder);
  return {
    /** Says `key` with a button that calls undo(). */
    offer(key, values, undo) {
      const text = h("span", { class: "ak-undo-text" });
      say(text, "text", key, values);
      const act = () => (hide(), undo());
      holder.replaceChildren(
        h(
          "div",
          { class: "ak-undo", "data-testid": "undo" },
          text,
          h("button", { type: "button", class: "ak-button ak-undo-button", t: "undo", onclick: act }),
          button({ label: "close", glyph: "close", kind: "ak-quiet", onclick: hide }),
        ),
      );
      wait();
    },
    hide,
  };
}
