"use strict";

// Tables sort by any column: each heading in the last heading row holds a button that cycles through one order,
// the other, and the report's own. Summary rows stay where they are. In a table with a section per dataset,
// rows sort within their section, and the heading of the sections' names sorts the sections. Of a long table with
// sections one is shown at a time, which a reader chooses.
(() => {
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  const isSummary = (row) => row.classList.contains("summary");

  /** What a cell is sorted by: its number, or else its text; undefined for an empty cell. */
  function valueOf(row, column) {
    const cell = row.cells[column];
    if (cell.dataset.value !== undefined) {
      const number = Number(cell.dataset.value);
      return Number.isNaN(number) ? cell.dataset.value : number;
    }
    const text = cell.textContent.trim();
    return text === "" || text === "-" ? undefined : text;
  }

  /** Numbers: the greatest first, since most are accuracies. Text: A first. */
  function firstOrder(rows, column) {
    return rows.some((row) => typeof valueOf(row, column) === "number") ? "descending" : "ascending";
  }

  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return collator.compare(String(a), String(b));
  }

  /** The items ordered by their rows; those without a value last in either order, ties as they were. */
  function sorted(items, rowOf, column, order) {
    if (order === "none") return items;
    const sign = order === "ascending" ? 1 : -1;
    return [...items].sort((one, other) => {
      const [a, b] = [valueOf(rowOf(one), column), valueOf(rowOf(other), column)];
      if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
      return sign * compare(a, b);
    });
  }

  /** All items: those that move in the given order, the others in their places. */
  function withFixed(items, moves, movedInOrder) {
    const next = movedInOrder.values();
    return items.map((item) => (moves(item) ? next.next().value : item));
  }

  /** A part of a table, with its rows as in the report. In a section of summaries alone, every row moves. */
  function sectionOf(body) {
    const rows = [...body.rows];
    const sums = rows.every(isSummary);
    return { body, rows, sums, moves: (row) => sums || !isSummary(row) };
  }

  function sortRows({ body, rows, moves }, column, order) {
    body.append(...withFixed(rows, moves, sorted(rows.filter(moves), (row) => row, column, order)));
  }

  function sortSections(table, sections, column, order) {
    const moves = (section) => !section.sums;
    const moved = sorted(sections.filter(moves), (section) => section.rows[0], column, order);
    table.append(...withFixed(sections, moves, moved).map((section) => section.body));
  }

  function makeSortable(table) {
    const headings = [...table.tHead.rows].at(-1).cells;
    const sections = [...table.tBodies].map(sectionOf);
    const rows = sections.flatMap((section) => section.rows.filter(section.moves));
    if (rows.length < 2) return;

    [...headings].forEach((heading, column) => {
      const namesSections = column === 0 && sections.length > 1;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const first = firstOrder(rows, column);
        const second = first === "ascending" ? "descending" : "ascending";
        const now = heading.getAttribute("aria-sort") ?? "none";
        const next = { none: first, [first]: second, [second]: "none" }[now];
        for (const other of headings) other.removeAttribute("aria-sort");
        if (next !== "none") heading.setAttribute("aria-sort", next);
        sortSections(table, sections, column, namesSections ? next : "none");
        for (const section of sections) sortRows(section, column, namesSections ? "none" : next);
      });
    });
  }

  const longest = 30; // rows that are shown without a choice

  /** Lets readers of a long table choose the section that they see; at first, that is the first one. */
  function makeSelectable(table) {
    const bodies = [...table.tBodies];
    const rows = bodies.reduce((sum, body) => sum + body.rows.length, 0);
    if (bodies.length < 2 || rows <= longest) return;

    const nameOf = (body) => body.rows[0].cells[0].textContent;
    const select = document.createElement("select");
    for (const body of bodies) select.add(new Option(nameOf(body)));
    select.add(new Option("all", ""));
    const show = () => {
      for (const body of bodies) body.classList.toggle("unchosen", select.value !== "" && nameOf(body) !== select.value);
    };
    select.addEventListener("change", show);
    show();

    const label = document.createElement("label");
    label.className = "choice";
    label.append([...table.tHead.rows].at(-1).cells[0].textContent, select);
    table.closest(".table-box").before(label);
  }

  document.querySelectorAll("table").forEach((table) => {
    makeSelectable(table); // before its headings get buttons
    makeSortable(table);
  });
})();
