// Inside the payment window: hands the result to the merchant's page and keeps the layer as tall as its content.
"use strict";

const merchant = window.parent !== window ? window.parent : window.opener;

function tellMerchant(message, origin) {
  merchant.postMessage(message, origin);
}

function deliver(form) {
  const times = Number(form.dataset.times);
  if (form.dataset.deliver === "form") {
    deliverDirectly(form, times);
  } else if (merchant && form.dataset.origin) {
    tellMerchant({ type: form.dataset.kind, data: Object.fromEntries(new FormData(form)), times }, form.dataset.origin);
    if (merchant === window.opener) window.close();
  } else {
    document.querySelector("[data-nobody]").hidden = false;
  }
}

// A result that arrives twice is sent once in the background first, and whatever becomes of that, once as always.
async function deliverDirectly(form, times) {
  const body = new URLSearchParams(new FormData(form));
  const before = Array.from({ length: times - 1 }, () => fetch(form.action, { method: "POST", mode: "no-cors", body }));
  await Promise.allSettled(before);
  HTMLFormElement.prototype.submit.call(form);
}

// Of the fields that belong to one choice only, show those of the chosen one.
function offerFieldsOf(choice) {
  for (const field of document.querySelectorAll("[data-only]")) field.hidden = field.dataset.only !== choice;
}

// The three minutes. Whether they are really over is for the server to say: its clock may have been moved.
function countDown(label) {
  const end = performance.now() + Number(label.dataset.countdown) * 1000;
  const clock = document.querySelector("[data-clock]");
  const show = () => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left > 0) return;
    clearInterval(timer);
    setTimeout(() => HTMLFormElement.prototype.submit.call(document.querySelector("[data-expire]")), 1500);
  };
  const timer = setInterval(show, 1000);
  show();
}

const FORMATS = {
  card: (digits) => digits.match(/.{1,4}/g).join(" "),
  expiry: (digits) => (digits.length > 2 ? `${digits.slice(0, 2)}/${digits.slice(2, 4)}` : digits),
};

function formatWhileTyping(input) {
  if (input.selectionEnd !== input.value.length) return;
  const digits = input.value.replace(/\D/g, "");
  if (digits) input.value = FORMATS[input.dataset.format](digits);
}

for (const form of document.querySelectorAll("form[data-deliver]")) {
  if (form.hasAttribute("data-automatic")) deliver(form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    deliver(form);
  });
}

for (const form of document.querySelectorAll("form[data-once]")) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
}

for (const radio of document.querySelectorAll("input[data-shows]")) {
  if (radio.checked) offerFieldsOf(radio.value);
  radio.addEventListener("change", () => offerFieldsOf(radio.value));
}

for (const input of document.querySelectorAll("input[data-format]")) {
  input.addEventListener("input", (event) => {
    if (event.inputType && event.inputType.startsWith("insert")) formatWhileTyping(input);
  });
}

for (const label of document.querySelectorAll("[data-countdown]")) countDown(label);

// Escape asks whether to close; in a layer Tab goes from the last field to the first, so that the focus stays inside.
const question = document.querySelector("[data-question]");

// The press that opens the question would close it again.
function askToClose(event) {
  if (!question || question.open) return;
  event.preventDefault();
  question.showModal();
}

function keepFocusInside(event) {
  const place = question && question.open ? question : document;
  const fields = Array.from(place.querySelectorAll("a[href], button, select, input:not([type=hidden])")).filter((field) => field.offsetParent);
  const [from, to] = event.shiftKey ? [fields.at(0), fields.at(-1)] : [fields.at(-1), fields.at(0)];
  if (!from || (document.activeElement !== from && document.activeElement !== document.body)) return;
  event.preventDefault();
  to.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") askToClose(event);
  if (event.key === "Tab" && window.parent !== window) keepFocusInside(event);
});
window.addEventListener("message", (event) => {
  if (event.source === window.parent && event.data?.type === "escape") askToClose(event);
});

// The height is no secret, and the page that framed us is not known on every page: any origin may hear it.
if (window.parent !== window) tellMerchant({ type: "resize", data: { height: Math.ceil(document.body.getBoundingClientRect().height) } }, "*");
