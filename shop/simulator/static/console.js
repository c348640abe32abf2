// The console's buttons: orders go to the control plane as JSON, then the page shows the new state.
"use strict";

const run = document.querySelector("[data-run]").dataset.run;

async function order(method, path, body) {
  const headers = { "Content-Type": "application/json" };
  await fetch(`/_sim${path}?run=${encodeURIComponent(run)}`, { method, headers, body: body && JSON.stringify(body) });
  location.reload();
}

document.querySelector("[data-reload]").addEventListener("click", () => location.reload());

for (const button of document.querySelectorAll("[data-advance]")) {
  button.addEventListener("click", () => order("POST", "/clock", { advance: Number(button.dataset.advance) }));
}

const forget = document.querySelector("[data-forget]");
forget.addEventListener("click", () => {
  if (confirm(forget.dataset.question)) order("DELETE", "");
});
