// What a text field offers: a list under it that narrows while one types. Any other text may be typed all the same.

/**
 * Makes a text field a combobox.
 * groups(): [{ title: node or text, entries: [{ value, find, row: nodes }] }], made anew each time the list opens.
 */
function makePicker(input, groups, onpick) {
  const list = h("div", { class: "ak-pick", role: "listbox", id: `${input.id}-list`, popover: "manual", onmousedown: (event) => event.preventDefault() });
  let shown = []; // the options in the list, in order
  let active = -1;
  let typed = false; // since it opened: a text that was there before narrows nothing

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");

  const isOpen = () => input.getAttribute("aria-expanded") === "true";

  function open() {
    if (!list.isConnected) element.querySelector(".ak-page").append(list);
    const words = typed ? input.value.toLowerCase().split(/\s+/).filter(Boolean) : [];
    shown = [];
    const parts = groups().map(({ title, entries }) => {
      const fit = entries.filter((entry) => words.every((word) => entry.find.includes(word)));
      if (!fit.length) return null;
      const options = fit.map((entry) => {
        const node = h("div", { class: "ak-pick-option", role: "option", id: `${list.id}-${shown.length}`, "aria-selected": String(entry.value === input.value), onclick: () => pick(entry.value) }, entry.row());
        shown.push({ node, value: entry.value });
        return node;
      });
      return h("div", { role: "group" }, title && h("div", { class: "ak-pick-title", "aria-hidden": "true" }, title), options);
    });
    list.replaceChildren(...parts.filter(Boolean));
    if (!shown.length) return close();
    list.showPopover();
    input.setAttribute("aria-expanded", "true");
    place();
    list.scrollTop = 0;
    mark(typed ? -1 : shown.findIndex(({ value }) => value === input.value));
  }

  function place() {
    const { left, top, bottom, width } = input.getBoundingClientRect();
    const wide = Math.min(Math.max(width, 440), innerWidth - 16);
    const below = innerHeight - bottom - 12;
    const above = top - 12;
    list.style.width = `${wide}px`;
    list.style.left = `${Math.max(8, Math.min(left, innerWidth - wide - 8))}px`;
    const under = below > 240 || below > above;
    list.style.maxHeight = `${Math.min(420, under ? below : above)}px`;
    list.style.top = under ? `${bottom + 4}px` : "auto";
    list.style.bottom = under ? "auto" : `${innerHeight - top + 4}px`;
  }

  function close() {
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    if (list.isConnected && list.matches(":popover-open")) list.hidePopover();
  }

  function mark(index) {
    shown[active]?.node.classList.remove("ak-on");
    active = index;
    const option = shown[index]?.node;
    option?.classList.add("ak-on");
    option?.scrollIntoView({ block: "nearest" });
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
  }

  function pick(value) {
    close();
    onpick(value);
  }

  input.addEventListener("focus", () => (typed = false));
  // In a text of several lines a click is for placing the cursor, once there is a text of one's own.
  const mayOpen = () => input.tagName === "INPUT" || !input.value || groups().some(({ entries }) => entries.some((entry) => entry.value === input.value));
  input.addEventListener("click", () => !isOpen() && mayOpen() && open());
  input.addEventListener("input", () => ((typed = true), open()));
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const many = input.value.includes("\n"); // the arrows move within a text of several lines
    if (step && !isOpen() && !many) open();
    else if (step && isOpen() && !many) mark((active + step + shown.length) % shown.length);
    else if (event.key === "Enter" && isOpen() && active >= 0) pick(shown[active].value);
    else if (event.key === "Escape" && isOpen()) close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  addEventListener("resize", close);
  document.addEventListener("scroll", (event) => !list.contains(event.target) && isOpen() && place(), { capture: true, passive: true });
}
