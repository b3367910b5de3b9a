"use strict";

// Tables sort by any column: each heading of the last heading row holds a button that takes the rows to one
// order, to the other, and back to that of the report. Rows that sum others up stay where they are.
(() => {
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  /** What a cell is sorted by: its number, or else its text; undefined for a cell that says nothing. */
  function valueOf(row, column) {
    const cell = row.cells[column];
    if (cell.dataset.value !== undefined) {
      const number = Number(cell.dataset.value);
      return Number.isNaN(number) ? cell.dataset.value : number;
    }
    const text = cell.textContent.trim();
    return text === "" || text === "-" ? undefined : text;
  }

  /** Of numbers the greatest come first, since most of them are accuracies; of texts, A. */
  function firstOrder(rows, column) {
    return rows.some((row) => typeof valueOf(row, column) === "number") ? "descending" : "ascending";
  }

  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return collator.compare(String(a), String(b));
  }

  /** The rows in an order; those without a value last whatever the order, equals as they were. */
  function sorted(rows, column, order) {
    if (order === "none") return rows;
    const sign = order === "ascending" ? 1 : -1;
    return [...rows].sort((one, other) => {
      const [a, b] = [valueOf(one, column), valueOf(other, column)];
      if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
      return sign * compare(a, b);
    });
  }

  function makeSortable(table) {
    const body = table.tBodies[0];
    const headings = [...table.tHead.rows].at(-1).cells;
    const rows = [...body.rows].filter((row) => !row.classList.contains("summary"));
    if (rows.length < 2) return;

    [...headings].forEach((heading, column) => {
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
        body.append(...sorted(rows, column, next));
      });
    });
  }

  document.querySelectorAll("table").forEach(makeSortable);
})();
