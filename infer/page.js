"use strict";
// A value or a record under the pointer, in keyboard focus, or kept by a click or tap: its spans light up with their
// roles, and one line says them. Words from the articles pass through textContent and setAttribute only.
const line = document.getElementById("line");
let kept = null;
let shown = null;

/** The record's row that a place on the page belongs to, or null. */
function recordAt(place) {
  const owner = place.closest("[data-record]");
  return owner && document.getElementById(owner.dataset.record);
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function show(row) {
  if (row === shown) return;
  shown = row;
  for (const lit of document.querySelectorAll("[data-lit]")) lit.removeAttribute("data-lit");
  document.body.classList.toggle("focused", row !== null);
  line.replaceChildren();
  if (row === null) return;
  row.setAttribute("data-lit", "");
  for (const cell of row.querySelectorAll("[data-span]")) {
    const span = document.getElementById(cell.dataset.span);
    span.setAttribute("data-lit", [span.dataset.lit, cell.dataset.role].filter(Boolean).join(", "));
    line.append(line.hasChildNodes() ? " · " : "", element("span", cell.dataset.role + ": "), element("b", cell.innerText.replace(/\s+/g, " ")));
  }
}

document.addEventListener("pointerover", (event) => show(recordAt(event.target) ?? kept));
document.addEventListener("focusin", (event) => show(recordAt(event.target) ?? kept));
document.addEventListener("focusout", () => show(kept));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") show((kept = null));
});
document.querySelector("main").addEventListener("click", (event) => {
  const row = recordAt(event.target);
  if (event.target.closest(".mark")) event.preventDefault();
  kept = row === kept && event.target.closest(".mark") ? null : row;
  show(kept);
});
