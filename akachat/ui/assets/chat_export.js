// The open conversation as a text to take elsewhere.

const KINDS = [["markdown", "md"], ["jsonl", "jsonl"], ["text", "txt"]];

function exportRow([kind, suffix]) {
  const told = h("span", { class: "ak-help", role: "status" });
  const text = async () => {
    const result = await ask("chat_export", { id: current.id, kind });
    return complain(result.error) ? null : result.text;
  };
  return h(
    "div",
    { class: "ak-chat-menu-row", "data-kind": kind },
    h("span", { class: "ak-chat-menu-name", t: `chat_kind_${kind}` }),
    told,
    button({ word: "copy", label: "copy", glyph: "copy", onclick: async () => (await copyText((await text()) ?? "")) && say(told, "text", "copied") }),
    button({ word: "chat_download", label: "chat_download", onclick: async () => download(await text(), suffix) }),
  );
}

function download(text, suffix) {
  if (text === null) return;
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  const name = (current.title || "chat").replace(/[\\/:*?"<>|\u0000-\u001f]/g, "_").slice(0, 80);
  h("a", { href: url, download: `${name}.${suffix}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
