"use strict";
// The long tables: search, filter, sort and turn pages over columns that stand in the page as JSON.
// Texts are put into the page as text, never as markup.
const ROWS_A_PAGE = 25;

for (const holder of document.querySelectorAll("[data-grid]")) {
  const grid = JSON.parse(document.getElementById(holder.dataset.grid).textContent);
  showGrid(holder, grid);
}

function showGrid(holder, grid) {
  const columns = grid.columns.map(column => ({
    ...column, values: column.values || column.at.map(place => column.words[place]),
  }));
  const count = columns[0].values.length;
  const all = Array.from({length: count}, (_, row) => row);
  const state = {rows: all, page: 0, sorted: null, isDown: false, search: "", chosen: {}};
  let texts = null;

  const body = make("tbody");
  const told = make("p", {role: "status", className: "soft"});
  const heads = columns.map(column => sortButton(column, () => sortBy(column)));
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), body);
  const back = make("button", {type: "button", textContent: "Back", onclick: () => turn(-1)});
  const next = make("button", {type: "button", textContent: "Next", onclick: () => turn(1)});
  holder.replaceChildren(
    tools(), told, make("div", {className: "scroll", tabIndex: 0, role: "region", ariaLabel: holder.dataset.title}, table),
    make("p", {className: "pager"}, back, " ", next));
  choose();

  function tools() {
    const search = make("input", {type: "search", oninput: () => { state.search = search.value.toLowerCase(); choose(); }});
    const filters = columns.filter(column => column.kind === "choice").map(column => {
      const words = [...new Set(column.values.flatMap(value => value.split(", ")))].filter(Boolean).sort();
      const select = make("select", {onchange: () => { state.chosen[column.name] = select.value; choose(); }},
        make("option", {value: "", textContent: "all"}), ...words.map(word => make("option", {value: word, textContent: word})));
      return make("label", {}, column.name, select);
    });
    const save = make("button", {type: "button", textContent: "Save these rows as CSV", onclick: saveRows});
    return make("div", {className: "tools"}, make("label", {}, "search", search), ...filters, save);
  }

  function choose() {
    if (state.search && texts === null) {
      texts = all.map(row => columns.map(column => column.values[row]).join("\n").toLowerCase());
    }
    const wanted = columns.filter(column => state.chosen[column.name]);
    state.rows = all.filter(row =>
      wanted.every(column => column.values[row].split(", ").includes(state.chosen[column.name]))
      && (!state.search || texts[row].includes(state.search)));
    state.page = 0;
    order();
  }

  function sortBy(column) {
    state.isDown = state.sorted === column ? !state.isDown : column.kind === "number";
    state.sorted = column;
    order();
  }

  function order() {
    const column = state.sorted;
    if (column) {
      column.keys ||= column.values.map(column.kind === "number" ? size : text => text.toLowerCase());
      const way = state.isDown ? -1 : 1;
      state.rows.sort((one, other) => {
        const left = column.keys[one], right = column.keys[other];
        return left < right ? -way : left > right ? way : one - other;
      });
      heads.forEach((head, place) => columns[place] === column
        ? head.setAttribute("aria-sort", state.isDown ? "descending" : "ascending") : head.removeAttribute("aria-sort"));
    }
    draw();
  }

  function turn(by) { state.page += by; draw(); }

  function draw(most = ROWS_A_PAGE) {
    const first = state.page * ROWS_A_PAGE;
    const shown = state.rows.slice(first, first + most);
    body.replaceChildren(...shown.map(row => make("tr", {}, ...columns.map(column =>
      make("td", {className: column.kind, textContent: column.values[row]})))));
    const last = first + shown.length;
    told.textContent = state.rows.length
      ? `Rows ${(first + 1).toLocaleString("en")} to ${last.toLocaleString("en")} of ${state.rows.length.toLocaleString("en")}`
      : "No row fits.";
    back.disabled = state.page === 0;
    next.disabled = last >= state.rows.length;
  }

  function saveRows() {
    const quoted = text => `"${(/^[=+\-@\t]/.test(text) && !/^-?[\d,.]+( |$)/.test(text) ? "'" : "") + text.replaceAll('"', '""')}"`;
    const lines = [columns.map(column => quoted(column.name)), ...state.rows.map(row => columns.map(column => quoted(column.values[row])))];
    const file = URL.createObjectURL(new Blob([lines.map(line => line.join(",")).join("\r\n")], {type: "text/csv"}));
    make("a", {href: file, download: `${grid.name}.csv`}).click();
    URL.revokeObjectURL(file);
  }

  addEventListener("beforeprint", () => draw(200));
  addEventListener("afterprint", () => draw());
}

// The greatest number of a text, for the order only; what is shown stays the exact text.
// Money is compared in minor units, its digits without the point: a yen is about a cent.
function size(text) {
  const sizes = Array.from(text.matchAll(/([\d,]+(?:\.\d+)?)( [A-Z]{3}\b)?/g),
    ([, number, currency]) => Number(number.replaceAll(currency ? /[,.]/g : ",", "")));
  return sizes.length ? Math.max(...sizes) : -1;
}

function sortButton(column, sort) {
  const button = make("button", {type: "button", textContent: column.name, onclick: sort});
  return make("th", {scope: "col", className: column.kind === "number" ? "number" : ""}, button);
}

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  if (properties.role) element.setAttribute("role", properties.role);
  element.append(...children);
  return element;
}

addEventListener("beforeprint", () => document.querySelectorAll("details.print").forEach(each => { each.open = true; }));
