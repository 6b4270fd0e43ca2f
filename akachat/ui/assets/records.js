// What the tabs of kept things share: a word of what was done and its undo, questions, files in and out.

const number = (value) => Number(value).toLocaleString("en");
const megabytes = (value) => (value / 1e6).toFixed(value < 1e5 ? 2 : 1);

/** A time as people here write it; the log's are local already, the disk's are seconds. */
function when(time) {
  const date = new Date(typeof time === "number" ? time * 1000 : time);
  if (Number.isNaN(date.getTime())) return String(time ?? "");
  const two = (value) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** A line that says what was done, with a way back where there is one. */
function makeDone() {
  const word = h("span", {});
  const undo = button({ word: "rec_undo", label: "rec_undo", glyph: "undo", kind: "ak-quiet", hidden: true, onclick: () => back?.() });
  const node = h("div", { class: "ak-rec-done", role: "status", "aria-live": "polite", hidden: true, "data-testid": "done" }, word, undo, h("span", { class: "ak-spring" }), button({ label: "rec_close", glyph: "close", kind: "ak-quiet", onclick: () => (node.hidden = true) }));
  let back = null;
  return {
    node,
    say(key, values, undoing) {
      say(word, "text", key, values);
      back = undoing ? () => ((back = null), (undo.hidden = true), undoing()) : null;
      undo.hidden = !back;
      node.hidden = false;
    },
    hide: () => (node.hidden = true),
  };
}

/** Asks whether really: the title and the text say what will be, the word on the button does it. */
function askSure(root, title, values, content, word, act) {
  const dialog = openDialog(root, title, values, [content, dialogButtons(word, "ak-danger")(() => dialog)], async () => {
    dialog.close();
    await act();
  });
}

/** Asks for one line; `save(text)` gives an error to show, or nothing when done. */
function askText(root, title, label, start, save) {
  const input = h("input", { type: "text", id: "ak-rec-text", value: start, autocomplete: "off", spellcheck: "false" });
  const problem = h("p", { class: "ak-field-error", role: "alert", hidden: true });
  const content = [h("label", { for: "ak-rec-text", t: label }), input, problem, dialogButtons("save", "ak-primary")(() => dialog)];
  const dialog = openDialog(root, title, null, content, async () => {
    const error = await save(input.value.trim());
    if (!error) return dialog.close();
    problem.textContent = [said(error.message), said(error.hint)].filter(Boolean).join(" — ");
    problem.hidden = false;
    input.focus();
  });
  input.select();
}

/** Gives the visitor a file; nothing leaves the page for it. */
function download(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

async function copyText(text, done) {
  try {
    await navigator.clipboard.writeText(text);
    done.say("copied");
  } catch {
    // the browser allows no clipboard here; the text can still be marked by hand
  }
}

function base64(blob) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(blob);
  });
}

/** The files of a drop, folders walked through: [[name with folders, file], …]. */
async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const files = [];
  async function walk(entry, prefix) {
    if (entry.isFile) return files.push([prefix + entry.name, await new Promise((done, failed) => entry.file(done, failed))]);
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((done, failed) => reader.readEntries(done, failed)); // at most 100 at a time
      if (!some.length) return;
      for (const each of some) await walk(each, `${prefix}${entry.name}/`);
    }
  }
  for (const entry of entries) {
    // A folder that is dropped is the place, not a part of the names in it.
    if (!entry.isDirectory) await walk(entry, "");
    else {
      const before = files.length;
      await walk(entry, "");
      for (const file of files.slice(before)) file[0] = file[0].slice(entry.name.length + 1);
    }
  }
  return entries.length ? files : [...transfer.files].map((file) => [file.name, file]);
}

/** A place for files: dropped on it, or chosen. */
function dropPlace(words, take, { accept, folder } = {}) {
  const chosen = (input) => {
    const files = [...input.files].map((file) => [file.webkitRelativePath ? file.webkitRelativePath.split("/").slice(1).join("/") : file.name, file]);
    input.value = "";
    if (files.length) take(files);
  };
  const files = h("input", { type: "file", multiple: true, hidden: true, accept, tLabel: words.choose, onchange: () => chosen(files) });
  const whole = folder && h("input", { type: "file", webkitdirectory: true, hidden: true, tLabel: words.folder, onchange: () => chosen(whole) });
  const node = h(
    "div",
    {
      class: "ak-rec-drop",
      ondragover: (event) => (event.preventDefault(), node.classList.add("ak-over")),
      ondragleave: () => node.classList.remove("ak-over"),
      ondrop: async (event) => {
        event.preventDefault();
        node.classList.remove("ak-over");
        take(await droppedFiles(event.dataTransfer));
      },
    },
    h("span", { t: words.drop }),
    button({ word: words.choose, label: words.choose, onclick: () => files.click() }),
    whole && button({ word: words.folder, label: words.folder, onclick: () => whole.click() }),
    files,
    whole,
  );
  return node;
}

/** Calls f whenever the tab comes into view, so that what others changed meanwhile is seen. */
function whenShown(node, f) {
  new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && f()).observe(node);
}

/** Keys of the tab that is in view, and of no open dialog: {save, run, stop}; never while an input method composes. */
function tabKeys(root, acts) {
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.isComposing || event.keyCode === 229 || !root.isConnected || root.offsetParent === null || root.querySelector("dialog[open]")) return;
      const command = event.ctrlKey || event.metaKey;
      const name = command && event.key === "Enter" ? "run" : command && event.key.toLowerCase() === "s" && !event.shiftKey ? "save" : event.key === "Escape" ? "stop" : "";
      if (!acts[name] || acts[name](event) === false) return;
      event.preventDefault();
      event.stopPropagation();
    },
    { capture: true },
  );
}
