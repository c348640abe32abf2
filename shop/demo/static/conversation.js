// Loads the conversation again every second while the page is visible, and copies messages.

(() => {
  const talk = document.getElementById("talk");
  const copied = document.getElementById("talk-copied");
  const { copied: done } = document.currentScript.dataset;
  let shown = "";

  const load = async () => {
    if (document.hidden) return;
    const answer = await fetch(talk.dataset.source);
    const text = await answer.text();
    if (!answer.ok || text === shown) return;
    const open = [...talk.querySelectorAll("details[open]")].map(({ id }) => id);
    shown = text;
    talk.innerHTML = text;
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  };

  talk.addEventListener("click", async ({ target }) => {
    const button = target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    copied.textContent = done;
  });
  setInterval(() => load().catch(() => {}), 1000);
})();
