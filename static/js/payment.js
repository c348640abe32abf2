// Starts an attempt when the payer presses 결제하기, then opens the gateway's payment window with the fields the shop
// prepared. Decides nothing: amounts come from the server, and what the window reports goes to the server unread.
// All texts stand in the page's <template data-message> elements.

(() => {
  const form = document.querySelector("[data-payment]");
  const payButton = form.querySelector("[data-pay]");
  const secondButton = form.querySelector("[data-second-button]");
  const messages = form.querySelector("[data-payment-messages]");
  const csrfToken = document.querySelector("meta[name=csrf-token]").content;

  payButton.addEventListener("click", pay);
  form.addEventListener("submit", (event) => event.preventDefault()); // Enter in a choice is no wish to pay

  async function pay() {
    if (typeof window.PaypleCpayAuthCheck !== "function") return say("missing");
    offerSecondButton(null);
    setBusy(true);
    say("starting");
    const chosen = new FormData(form);
    try {
      const fields = await startAttempt(chosen);
      if (!fields) return;
      if (chosen.get("window") === "direct") window.PaypleCpayAuthCheck(fields);
      else openInGesture(fields);
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

  // Browsers let a page open a window only shortly after a press. Once that time has passed, ask for a second press.
  // A direct window does without: it only leads to another page.
  function openInGesture(fields) {
    const gestureIsOver = navigator.userActivation && !navigator.userActivation.isActive;
    if (gestureIsOver) {
      say("second");
      offerSecondButton(fields);
    } else {
      openWindow(fields);
    }
  }

  function openWindow(fields) {
    const blocked = watchForBlockedWindow(() => window.PaypleCpayAuthCheck(fields));
    offerSecondButton(blocked ? fields : null);
    say(blocked ? "blocked" : "opened");
  }

  // window.open answers null when the browser blocks it; the gateway's script keeps that to itself.
  function watchForBlockedWindow(open) {
    const browserOpen = window.open;
    let blocked = false;
    window.open = (...args) => {
      const opened = browserOpen.apply(window, args);
      blocked = opened === null;
      return opened;
    };
    try {
      open();
    } finally {
      window.open = browserOpen;
    }
    return blocked;
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

  function offerSecondButton(fields) {
    secondButton.hidden = fields === null;
    secondButton.querySelector("[data-open-window]").onclick = () => openWindow(fields);
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
