// What is done with a prompt as a whole: its duplicate, another name, its versions, its end, and its coming back.

/**
 * The entries of the toolbar's menu.
 * page: { name(), content(), put(content), drafts(), take(prompts), open(name), complain(error), announce(key, values), undo }.
 */
function promptEntries(root, page) {
  const isSaved = () => page.name() !== null;

  function duplicate() {
    const name = page.name();
    askName(root, `${name}_2`, async (to) => gone(await ask("copy_prompt", { name, to }), to, "duplicated"), { title: "duplicate_title", values: { name }, word: "duplicate_now" });
  }

  function rename() {
    const name = page.name();
    askName(root, name, (to) => move(name, to), { title: "rename_title", values: { name }, word: "rename_now" });
  }

  async function move(name, to) {
    const result = await ask("rename_prompt", { name, to });
    if (result.error) return result;
    carry(name, to);
    await gone(result, to);
    const key = result.users.length ? "renamed_used" : "renamed";
    page.undo.offer(key, { name: to, users: result.users.join(", ") }, async () => {
      const again = await move(to, name);
      if (again) page.complain(again.error);
      else page.undo.hide();
    });
    return null;
  }

  /** Goes to the prompt that the answer is about; gives an error to show, or nothing. */
  async function gone(result, to, word) {
    if (result.error) return result;
    page.take(result.prompts);
    await page.open(to);
    if (word) page.announce(word, { name: to });
    return null;
  }

  /** What was typed and not saved goes along. */
  function carry(from, to) {
    const drafts = page.drafts();
    const [draft, aside] = [drafts.draft(from), drafts.aside(from)];
    drafts.drop(from);
    drafts.keepAside(from, null);
    if (draft) drafts.keep(to, draft);
    if (aside) drafts.keepAside(to, aside);
  }

  function versions() {
    const name = page.name();
    openVersions(root, name, page.content, (version) => {
      const before = page.content();
      page.put(version);
      page.undo.offer("versions_done", { time: timeText(version.time) }, async () => {
        if (page.name() !== name) await page.open(name); // another was chosen meanwhile
        page.put(before);
      });
    });
  }

  function remove() {
    const name = page.name();
    askDelete(root, name, async () => {
      const drafts = page.drafts();
      const draft = drafts.draft(name);
      const result = await ask("delete_prompt", { name });
      if (result.error) return page.complain(result.error);
      drafts.drop(name);
      page.take(result.prompts);
      await page.open(result.prompts[0] ?? null);
      page.undo.offer("deleted", { name }, async () => {
        if (draft) page.drafts().keep(name, draft);
        const error = await back(name);
        if (error) page.complain(error);
      });
    });
  }

  async function back(name) {
    const result = await ask("restore_prompt", { name });
    if (result.error) return result.error;
    page.undo.hide();
    await gone(result, name, "undeleted");
    return null;
  }

  return [
    { word: "duplicate", glyph: "copy", enabled: isSaved, onclick: duplicate },
    { word: "rename", glyph: "pencil", enabled: isSaved, onclick: rename },
    { word: "versions", glyph: "clock", enabled: isSaved, onclick: versions },
    { word: "delete", glyph: "trash", enabled: isSaved, onclick: remove },
    null,
    { word: "deleted_prompts", glyph: "undo", onclick: () => openDeleted(root, back) },
  ];
}
