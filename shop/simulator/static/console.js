// The console: buttons and forms give orders to the control plane as JSON, and what is live keeps itself up to date.
"use strict";

const REFRESH_MS = 2500;
const run = document.querySelector("[data-run]").dataset.run;
const told = document.querySelector("[data-told]");

async function order(method, path, body) {
  const headers = { "Content-Type": "application/json" };
  const address = `/_sim${path}?run=${encodeURIComponent(run)}`;
  const response = await fetch(address, { method, headers, body: JSON.stringify(body ?? {}) }).catch(() => null);
  const answer = response && response.status !== 204 ? await response.json().catch(() => ({})) : {};
  const done = Boolean(response && response.ok);
  tell(done ? told.dataset.done : answer.error || told.dataset.failed, done);
  return done;
}

function tell(sentence, done) {
  told.textContent = sentence;
  told.dataset.outcome = done ? "done" : "failed";
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => { told.textContent = ""; }, done ? 2000 : 8000);
}

async function give(element, body) {
  if (element.dataset.question && !confirm(element.dataset.question)) return;
  const done = await order(element.dataset.order, element.dataset.path, body);
  if (done && element.hasAttribute("data-anew")) location.reload();
  else if (done) await refresh();
}

// What a form says, with the types that the control plane wants.
function spoken(form) {
  const fields = Array.from(form.elements).filter((field) => field.name && !field.disabled);
  const read = { number: (field) => Number(field.value), checkbox: (field) => field.checked };
  return Object.fromEntries(fields.map((field) => [field.name, (read[field.type] ?? (() => field.value))(field)]));
}

// The same page once more; each live part that has changed takes the place of the old one.
async function refresh() {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!response || !response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const newer = fresh.getElementById(part.id);
    if (newer && newer.innerHTML !== part.innerHTML) replace(part, newer);
  }
}

// Keeps the keyboard's place and what is unfolded.
function replace(part, newer) {
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  const open = Array.from(part.querySelectorAll("details[open][id]"), (details) => details.id);
  part.replaceChildren(...newer.childNodes);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.focus();
}

// A kind of fault goes with some operations and phases only.
function offerPhases(form) {
  const kind = form.elements.kind.selectedOptions[0];
  for (const name of ["op", "phase"]) {
    const fitting = kind.dataset[`${name}s`].split(" ");
    for (const option of form.elements[name].options) option.disabled = !fitting.includes(option.value);
    if (form.elements[name].selectedOptions[0].disabled) form.elements[name].value = fitting[0];
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-order]");
  if (button) give(button, JSON.parse(button.dataset.body || "{}"));
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-order]")) return;
  event.preventDefault();
  give(event.target, spoken(event.target));
});

for (const chooser of document.querySelectorAll("[data-goes]")) {
  chooser.addEventListener("change", () => chooser.form.submit());
}

for (const form of document.querySelectorAll("form[data-fault]")) {
  form.elements.kind.addEventListener("change", () => offerPhases(form));
  offerPhases(form);
}

if (document.querySelector("[data-live]")) {
  setInterval(() => { if (!document.hidden) refresh(); }, REFRESH_MS);
}
