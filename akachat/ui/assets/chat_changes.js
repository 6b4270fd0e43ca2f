// What was said is changed: asked anew, branched off, taken back. All of it works on the conversation that chat.js shows.

/** The conversation as it was goes on as a branch of its own where more would be lost than one answer. */
async function keepBranch(from) {
  if (current.messages.length <= from) return true;
  const branch = await ask("chat_branch", { id: current.id });
  if (complain(branch.error)) return false;
  list.read();
  offer(t("chat_kept_branch"), "chat_open_branch", async () => (await list.all(), await open(branch.id)));
  return true;
}

/** Whether the conversation is still as it is shown: another page, or a program, may have gone on with it. */
async function isCurrent() {
  if (mode === SINGLE) return true;
  const shownVersion = current.version;
  const result = await ask("chat_open", { id: current.id });
  if (complain(result.error)) return false;
  if (result.version === shownVersion) return true;
  current = result;
  draw();
  complain({ type: "Conflict", message: t("chat_changed") });
  return false;
}

async function editTurn(index, text) {
  if (running || !(await isCurrent()) || !(mode === SINGLE || (await keepBranch(index + 1)))) return;
  turns.toEnd();
  if (mode === SINGLE) single = { messages: [] };
  begin({ input: text, raw: text.startsWith("\\"), at: index, before: "" });
}

/** The question before an answer, by its place. */
function questionOf(index) {
  return shown().messages.slice(0, index + 1).findLastIndex((message) => message.role === "user");
}

async function regenerate(index) {
  const at = questionOf(index);
  if (running || at < 0 || !(await isCurrent())) return;
  const { messages } = shown();
  if (mode !== SINGLE) {
    if (messages.length > index + 1) {
      if (!(await keepBranch(index + 1))) return;
    } else {
      const id = current.id;
      offer(t("chat_was_again"), "chat_undo", () => putBack(id, messages));
    }
  }
  begin({ input: messages[at].content, raw: false, at, before: "" });
}

async function goOn(index) {
  const at = questionOf(index);
  if (running || at < 0 || !(await isCurrent())) return;
  const { messages } = shown();
  begin({ input: messages[at].content, raw: false, at, before: messages[index].content });
}

async function branch(index) {
  if (mode === SINGLE || running) return;
  const made = await ask("chat_branch", { id: current.id, turn: index + 1 });
  if (complain(made.error)) return;
  await list.all();
  await list.read();
  await open(made.id);
}

async function removeTurn(index) {
  if (running) return;
  if (mode === SINGLE) return clear();
  const { messages } = current;
  const next = messages.findIndex((message, place) => place > index && message.role === "user");
  await replace([...messages.slice(0, index), ...(next < 0 ? [] : messages.slice(next))], "chat_turn_removed");
}

async function clear() {
  settled = null;
  complain(null);
  if (mode === SINGLE || !current) {
    single = { messages: [] };
    return draw();
  }
  if (current.messages.length) await replace([], "chat_cleared");
  draw();
}

async function replace(messages, word) {
  const { id, messages: old, version } = current;
  const result = await ask("chat_edit", { id, messages, version });
  if (result.error?.type === "Conflict") await open(id);
  if (complain(result.error)) return;
  current = result;
  draw();
  offer(t(word), "chat_undo", () => putBack(id, old));
}

async function putBack(id, messages) {
  await release(id);
  const result = await ask("chat_edit", { id, messages });
  if (!complain(result.error)) await open(id);
}
