// Asks for the order page every few seconds while its payment is checked, and loads it when there is something new.
// Without a script, the link on the page does the same.

(() => {
  const seconds = Number(document.currentScript.dataset.watch);

  async function look() {
    try {
      const response = await fetch(location.href);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      if (response.ok && !page.querySelector("[data-watch]")) return reload();
    } catch {
      // The connection may come back.
    }
    setTimeout(look, seconds * 1000);
  }

  // The new page gives the focus to what came of the payment (outcome.js).
  function reload() {
    sessionStorage.setItem("payment-window", location.pathname);
    location.reload();
  }

  setTimeout(look, seconds * 1000);
})();
