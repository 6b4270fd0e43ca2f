// The conversations: the one last used first, found by their words, renamed, and deleted with a way back.

/** release(id) comes before a deletion; removed(id) and renamed(info) tell what was done, complain(error) what failed. */
function makeChatList({ open, fresh, release, removed, renamed, restored, complain, offer }) {
  let sessions = [];
  let more = false;
  let currentId = "";
  let editing = "";
  let asked = 0;
  let searched = "";

  const search = h("input", { type: "text", class: "ak-chat-search", tPlaceholder: "chat_search", tLabel: "chat_search", oninput: (event) => !event.isComposing && later(), oncompositionend: () => later() });
  const list = h("ul", { class: "ak-chat-list", "data-testid": "chat-list" });
  const rest = button({ word: "chat_more", label: "chat_more", kind: "ak-quiet", onclick: () => read(true) });
  const node = h(
    "aside",
    { class: "ak-panel ak-chat-side", tLabel: "chat_list" },
    h("header", { class: "ak-panel-head" }, h("h2", { t: "chat_list" }), h("span", { class: "ak-spring" }), button({ word: "new", label: "chat_new_help", glyph: "plus", kind: "ak-chat-new", onclick: fresh })),
    h("div", { class: "ak-chat-find" }, search),
    list,
    rest,
  );
  const later = debounce(() => read(), 250);

  async function read(further = false) {
    const mine = ++asked;
    const words = search.value;
    const result = await ask("chat_list", { offset: further ? sessions.length : 0, search: words });
    if (mine !== asked) return;
    if (result.error) return complain(result.error);
    const ids = new Set(result.sessions.map(({ id }) => id));
    const others = sessions.filter(({ id }) => !ids.has(id));
    // What was shown of later pages stays there when the first one is read again.
    const stays = !further && result.more && words === searched && sessions.length > FACTS.page;
    sessions = further ? [...others, ...result.sessions] : stays ? [...result.sessions, ...others] : result.sessions;
    more = stays ? more : result.more;
    searched = words;
    draw();
  }

  function draw() {
    rest.hidden = !more;
    list.replaceChildren(...sessions.map(item));
    if (!sessions.length) list.append(h("li", { class: "ak-empty ak-chat-none", t: search.value.trim() ? "chat_found_none" : "chat_none" }));
  }

  function item(info) {
    const on = info.id === currentId;
    if (info.id === editing) return h("li", { class: "ak-chat-item ak-on" }, nameField(info));
    return h(
      "li",
      { class: on ? "ak-chat-item ak-on" : "ak-chat-item" },
      h(
        "button",
        { type: "button", class: "ak-chat-open", "aria-current": on ? "true" : null, title: title(info), onclick: () => open(info.id) },
        h("span", { class: "ak-chat-name" }, info.parent ? h("span", { class: "ak-chat-branch", tTitle: "chat_is_branch" }, icon("branch")) : null, title(info)),
        h("span", { class: "ak-chat-when", text: when(info.updated) }),
      ),
      h(
        "span",
        { class: "ak-chat-tools" },
        button({ label: "chat_rename", glyph: "pencil", kind: "ak-quiet", onclick: () => rename(info.id) }),
        button({ label: "chat_delete", glyph: "trash", kind: "ak-quiet", onclick: () => remove(info) }),
      ),
    );
  }

  const title = (info) => info.title || t("chat_untitled");

  function nameField(info) {
    let done = false;
    const field = h("input", {
      type: "text",
      class: "ak-chat-rename",
      tLabel: "chat_rename",
      value: info.title,
      maxlength: "200",
      onkeydown: (event) => {
        if (event.isComposing || event.keyCode === 229) return;
        if (event.key === "Enter") finish(true);
        if (event.key === "Escape") finish(false);
        if (["Enter", "Escape"].includes(event.key)) event.stopPropagation();
      },
      onblur: () => finish(true),
    });

    async function finish(save) {
      if (done) return;
      done = true;
      editing = "";
      const text = field.value.trim();
      if (save && text && text !== info.title) {
        const result = await ask("chat_update", { id: info.id, title: text });
        if (result.error) complain(result.error);
        else Object.assign(info, { title: result.title }), renamed(result);
      }
      draw();
      list.querySelector('[aria-current="true"]')?.focus();
    }

    return field;
  }

  function rename(id) {
    editing = id;
    draw();
    list.querySelector(".ak-chat-rename")?.select();
  }

  async function remove(info) {
    await release(info.id);
    const result = await ask("chat_delete", { id: info.id });
    if (result.error) return complain(result.error);
    sessions = sessions.filter((each) => each.id !== info.id);
    draw();
    removed(info.id);
    offer(t("chat_deleted", { name: title(info) }), "chat_undo", async () => {
      const back = await ask("chat_restore", { id: info.id });
      if (back.error) return complain(back.error);
      await read();
      restored(info.id);
    });
  }

  return {
    node,
    draw,
    read,
    rename,
    /** Shows all again: what was searched for is done with when something new begins. */
    async all() {
      if (!search.value) return;
      search.value = "";
      await read();
    },
    mark(id) {
      currentId = id;
      draw();
    },
    get first() {
      return sessions[0]?.id ?? "";
    },
  };
}

/** A time as people say it: of today the hour, of this year the day. */
function when(seconds) {
  const date = new Date(seconds * 1000);
  const now = new Date();
  if (date.toDateString() === now.toDateString()) return date.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
  const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return date.toLocaleDateString(language, { year, month: "short", day: "numeric" });
}
