"use strict";
// Reads the JSON blocks of this file and shows them as a grid; everything is put in as text, never as HTML.
(() => {
  const PAGE = 50;
  const read = (element) => JSON.parse(element.textContent);
  const words = read(document.getElementById("words"));
  const cases = new Map();
  const columns = [];
  for (const block of document.querySelectorAll("script.results")) {
    const { cases: found, rows } = read(block);
    for (const [id, input, fields] of found) cases.set(id, { id, input, fields, cells: new Map() });
    for (const [id, column, repeat, status, text, error, passed, score, seconds, tokens, cost, reasons] of rows) {
      if (!columns.includes(column)) columns.push(column);
      const { cells } = cases.get(id);
      if (!cells.has(column)) cells.set(column, []);
      cells.get(column).push({ repeat, status, text, error, passed, score, seconds, tokens, cost, reasons });
    }
  }
  const all = [...cases.values()];
  const failed = (row) => [...row.cells.values()].flat().some((cell) => cell.status !== "ok" || cell.passed === false || cell.reasons.some((reason) => reason[1] === null));
  const different = (row) => new Set([...row.cells.values()].map((cells) => cells.map((cell) => cell.text).join("\u0000"))).size > 1;
  const filters = { all: () => true, failed, different };
  const state = { filter: "all", page: 0, search: "" };

  const make = (name, className, text) => {
    const element = document.createElement(name);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const number = (value, digits) => (value === null ? "" : value.toLocaleString(words.language, { maximumFractionDigits: digits }));
  const verdict = (passed) => (passed === null ? "–" : passed ? words.passed : words.not_passed);

  const long = (text) => {
    const box = make("div", "text", text);
    box.tabIndex = 0;
    box.title = words.open;
    box.addEventListener("dblclick", () => box.classList.toggle("open"));
    box.addEventListener("keydown", (event) => { if (event.key === "Enter") box.classList.toggle("open"); });
    return box;
  };

  const answer = (cell) => {
    const box = make("div", "answer");
    if (cell.status !== "ok") box.append(make("div", "error", `${words[cell.status]}${cell.error ? ": " + cell.error : ""}`));
    if (cell.text) box.append(long(cell.text));
    const facts = make("div", "facts");
    if (cell.reasons.length || cell.passed !== null) {
      facts.append(make("strong", cell.passed === null ? "" : cell.passed ? "pass" : "fail", verdict(cell.passed)));
      if (cell.score !== null) facts.append(` ${number(cell.score, 3)}`);
    }
    const numbers = [
      cell.seconds === null ? "" : `${number(cell.seconds, 2)} ${words.second}`,
      cell.tokens === null ? "" : `${number(cell.tokens, 0)} ${words.tokens}`,
      cell.cost === null ? "" : `${words.cost} ${number(cell.cost, 6)}`,
    ].filter(Boolean);
    if (numbers.length) facts.append(` ${numbers.join(" · ")}`);
    box.append(facts);
    if (cell.reasons.length) {
      const list = make("ul", "reasons");
      for (const [check, passed, reason] of cell.reasons) {
        list.append(make("li", passed === null ? "error" : passed ? "pass" : "fail", `${check}: ${reason || verdict(passed)}`));
      }
      box.append(list);
    }
    return box;
  };

  const line = (row) => {
    const tr = make("tr");
    const head = make("td");
    head.append(make("strong", "", row.id));
    if (row.input) head.append(long(row.input));
    for (const [name, value] of row.fields) head.append(make("div", "facts", `${name}: ${value}`));
    tr.append(head);
    for (const column of columns) {
      const td = make("td");
      for (const cell of row.cells.get(column) || []) td.append(answer(cell));
      tr.append(td);
    }
    return tr;
  };

  const matches = (row) => {
    if (!state.search) return true;
    const texts = [row.id, row.input, ...[...row.cells.values()].flat().map((cell) => cell.text)];
    return texts.some((text) => text.toLowerCase().includes(state.search));
  };

  const show = () => {
    const found = all.filter((row) => filters[state.filter](row) && matches(row));
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    state.page = Math.min(state.page, pages - 1);
    const table = document.getElementById("cells");
    table.replaceChildren();
    const head = make("tr");
    for (const name of [words.case, ...columns]) {
      const th = make("th", "", name);
      th.scope = "col";
      head.append(th);
    }
    table.createTHead().append(head);
    const body = table.createTBody();
    for (const row of found.slice(state.page * PAGE, (state.page + 1) * PAGE)) body.append(line(row));
    document.getElementById("count").textContent = `${found.length} / ${all.length} · ${state.page + 1} / ${pages}`;
    for (const button of document.querySelectorAll("button[data-filter]")) {
      button.setAttribute("aria-pressed", String(button.dataset.filter === state.filter));
    }
  };

  for (const button of document.querySelectorAll("button[data-filter]")) {
    button.addEventListener("click", () => { state.filter = button.dataset.filter; state.page = 0; show(); });
  }
  document.getElementById("before").addEventListener("click", () => { state.page = Math.max(0, state.page - 1); show(); });
  document.getElementById("after").addEventListener("click", () => { state.page += 1; show(); });
  document.getElementById("search").addEventListener("input", (event) => {
    state.search = event.target.value.toLowerCase();
    state.page = 0;
    show();
  });
  show();
})();
