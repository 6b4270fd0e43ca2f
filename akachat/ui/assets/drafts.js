// What is typed and not yet saved, kept in this browser per prompt, so that a reload or a crash loses nothing.

function makeDrafts(workspace) {
  const prefix = `akachat:${workspace}:`;
  const NEW = "\u0000new"; // no prompt can have this name

  function read(key) {
    try {
      return JSON.parse(localStorage.getItem(prefix + key) ?? "null");
    } catch {
      return null;
    }
  }

  function write(key, value) {
    try {
      if (value === null) localStorage.removeItem(prefix + key);
      else localStorage.setItem(prefix + key, JSON.stringify(value));
    } catch {
      // storage is full or switched off: the page works, but forgets
    }
  }

  return {
    draft: (name) => read(`draft:${name ?? NEW}`),
    keep: (name, draft) => write(`draft:${name ?? NEW}`, draft),
    drop: (name) => write(`draft:${name ?? NEW}`, null),
    /** What is typed beside the prompt: input, conversation, choices. */
    aside: (name) => read(`aside:${name ?? NEW}`),
    keepAside: (name, aside) => write(`aside:${name ?? NEW}`, aside),
    opened: () => read("opened"),
    keepOpened: (name) => write("opened", { name }),
    names() {
      const start = `${prefix}draft:`;
      try {
        return new Set(Object.keys(localStorage).filter((key) => key.startsWith(start)).map((key) => key.slice(start.length)));
      } catch {
        return new Set();
      }
    },
  };
}
