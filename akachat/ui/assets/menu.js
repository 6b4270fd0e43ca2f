// A button with three dots and the menu behind it: what is wanted seldom, by mouse, by arrow keys and by screen reader.

Object.assign(ICONS, {
  dots: "M3.2 8h.01M8 8h.01M12.8 8h.01",
  pencil: "M3 13l.6-2.8L10.8 3l2.2 2.2-7.2 7.2zM9.4 4.4l2.2 2.2",
  into: "M8 2.5v7M5 6.8l3 3 3-3M3 13h10",
  out: "M8 10V3M5 5.7l3-3 3 3M3 13h10",
  clock: "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM8 5v3l2 1.5",
});

/** entries: [{ word, glyph, enabled: () => boolean, onclick }]; null stands for a line between two. */
function moreMenu(entries) {
  const items = entries.filter(Boolean).map(({ word, glyph, enabled = () => true, onclick }) => ({
    enabled,
    node: h("button", { type: "button", role: "menuitem", tabindex: "-1", class: "ak-menu-item", onclick: () => (list.hidePopover(), onclick()) }, icon(glyph), h("span", { t: word })),
  }));
  const rest = items.map(({ node }) => node);
  const list = h(
    "div",
    { class: "ak-menu", role: "menu", tLabel: "more", popover: "auto", id: "ak-menu" },
    entries.map((entry) => (entry ? rest.shift() : h("div", { class: "ak-menu-line", role: "separator" }))),
  );
  const opener = button({ label: "more", glyph: "dots", kind: "ak-quiet", "aria-haspopup": "menu", "aria-expanded": "false", popovertarget: list.id });

  function place() {
    const { left, bottom } = opener.getBoundingClientRect();
    list.style.top = `${bottom + 4}px`;
    list.style.left = `${Math.max(8, Math.min(left, innerWidth - list.offsetWidth - 8))}px`;
  }

  /** Moves on from one entry, over those that cannot be chosen now. */
  function move(from, step) {
    for (let i = 1; i <= items.length; i++) {
      const next = items[(from + step * i + items.length * (items.length + 1)) % items.length].node;
      if (!next.disabled) return next.focus();
    }
  }

  list.addEventListener("beforetoggle", (event) => {
    if (event.newState === "open") for (const { node, enabled } of items) node.disabled = !enabled();
  });
  list.addEventListener("toggle", (event) => {
    const open = event.newState === "open";
    opener.setAttribute("aria-expanded", String(open));
    if (!open) return;
    place();
    move(-1, 1);
  });
  list.addEventListener("keydown", (event) => {
    const at = items.findIndex(({ node }) => node === document.activeElement);
    const act = {
      ArrowDown: () => move(at, 1),
      ArrowUp: () => move(at, -1),
      Home: () => move(-1, 1),
      End: () => move(0, -1),
      Tab: () => list.hidePopover(),
    }[event.key];
    if (!act) return;
    act();
    if (event.key !== "Tab") event.preventDefault();
  });
  opener.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    if (!list.matches(":popover-open")) list.showPopover();
  });
  addEventListener("resize", () => list.matches(":popover-open") && place());
  return h("span", { class: "ak-menu-opener" }, opener, list);
}
