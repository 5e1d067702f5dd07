"use strict";
// Filters, and what the editor has settled, which stays in this browser under the keys of the disagreements.
const PREFIX = "malimet.settled.";
const entries = [...document.querySelectorAll("[data-key]")];
const filters = [...document.querySelectorAll("select")];
const hide = document.getElementById("hide");

const box = (entry) => entry.querySelector(".settled");

/** What `use` does with the browser's storage; where there is none, the page says so and goes on without. */
function storage(use) {
  try {
    return use(localStorage);
  } catch {
    document.getElementById("forgetful").hidden = false;
    return null;
  }
}

function fits(entry) {
  const chosen = filters.every(({ id, value }) => value === "" || entry.dataset[id].split(" ").includes(value));
  return chosen && !(hide.checked && box(entry).checked);
}

function show() {
  for (const entry of entries) entry.hidden = !fits(entry);
  for (const section of document.querySelectorAll("section")) section.hidden = !section.querySelector("article:not([hidden])");
  const settled = entries.filter((entry) => box(entry).checked).length;
  document.getElementById("bar").value = settled;
  document.getElementById("done").textContent = `${settled} / ${entries.length} шешілді · ${settled} of ${entries.length} settled`;
}

if (entries.length) {
  for (const entry of entries) {
    const key = PREFIX + entry.dataset.key;
    box(entry).checked = storage((store) => store.getItem(key)) !== null;
    box(entry).addEventListener("change", (event) => {
      storage((store) => (event.target.checked ? store.setItem(key, "1") : store.removeItem(key)));
      show();
    });
  }
  for (const control of [...filters, hide]) control.addEventListener("change", show);
  show();
}
