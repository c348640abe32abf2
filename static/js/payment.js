// Starts an attempt when the payer presses 결제하기, then opens the gateway's payment window with the fields the shop
// prepared. Decides nothing: amounts come from the server, and what the window reports goes to the server unread.
// All texts stand in the page's <template data-message> elements.

(() => {
  const IS_PHONE = /iPhone|iPod|iPad|Android/i.test(navigator.userAgent); // as the gateway's script decides it
  const WINDOW_NAME = "cpayWinOpen"; // under which the gateway's script opens it
  const form = document.querySelector("[data-payment]");
  const payButton = document.querySelector("[data-pay]");
  const messages = document.querySelector("[data-payment-messages]");
  const csrfToken = document.querySelector("meta[name=csrf-token]").content;

  payButton.addEventListener("click", pay);
  form.addEventListener("submit", (event) => event.preventDefault()); // Enter in a choice is no wish to pay

  // A new window opens here, empty, and gets its page later: after the request a browser may block it.
  async function pay() {
    if (typeof window.PaypleCpayAuthCheck !== "function") return say("missing");
    const chosen = new FormData(form);
    const opensNewWindow = IS_PHONE && chosen.get("window") === "popup";
    const opened = opensNewWindow ? window.open("", WINDOW_NAME) : null;
    if (opensNewWindow && !opened) return say("blocked");
    setBusy(true);
    say("starting");
    try {
      const fields = await startAttempt(chosen);
      if (fields) openWindow(fields);
      else opened?.close();
    } finally {
      setBusy(false);
    }
  }

  // One attempt, one authentication, one window: the server answers with everything the window wants.
  async function startAttempt(chosen) {
    try {
      const response = await fetch(form.dataset.attemptsUrl, {
        method: "POST",
        headers: { Accept: "application/json", "X-CSRFToken": csrfToken },
        body: new URLSearchParams(chosen),
      });
      const answer = await response.json();
      if (!answer.fields) return sayRefusal(response.status, answer.error);
      if (chosen.get("delivery") === "callback") answer.fields.callbackFunction = postResult;
      return answer.fields;
    } catch {
      return say("offline");
    }
  }

  // A page that has been open for long knows too little: the order has moved on, or the token is old. Offer a new one.
  function sayRefusal(status, error) {
    if (!error) return say("offline");
    say([400, 404, 409].includes(status) ? "outdated" : "refused", error);
  }

  function openWindow(fields) {
    sessionStorage.setItem("payment-window", location.pathname);
    window.PaypleCpayAuthCheck(fields);
    say("opened");
  }

  // The result arrives as an object; hand it to the server as the same form a redirect would have posted.
  function postResult(result) {
    const courier = document.createElement("form");
    courier.method = "post";
    courier.action = form.dataset.resultUrl;
    for (const [name, value] of Object.entries(result)) {
      if (!["string", "number"].includes(typeof value)) continue;
      const input = document.createElement("input");
      input.type = "hidden";
      input.name = name;
      input.value = value;
      courier.append(input);
    }
    document.body.append(courier);
    courier.submit();
  }

  function setBusy(busy) {
    payButton.disabled = busy;
    payButton.ariaBusy = String(busy);
  }

  function say(name, parts = {}) {
    const message = form.querySelector(`template[data-message=${name}]`).content.cloneNode(true);
    for (const slot of message.querySelectorAll("[data-part]")) {
      slot.textContent = parts[slot.dataset.part] ?? "";
    }
    messages.replaceChildren(message);
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    messages.scrollIntoView({ block: "nearest", behavior: isCalm ? "auto" : "smooth" });
  }
})();
