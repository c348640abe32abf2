// Inside the payment window: hands the result to the merchant's page and keeps the layer as tall as its content.
"use strict";

const merchant = window.parent !== window ? window.parent : window.opener;

function tellMerchant(type, data, origin) {
  merchant.postMessage({ type, data }, origin);
}

function deliver(form) {
  if (form.dataset.deliver === "form") {
    HTMLFormElement.prototype.submit.call(form);
  } else if (merchant && form.dataset.origin) {
    tellMerchant(form.dataset.kind, Object.fromEntries(new FormData(form)), form.dataset.origin);
    if (merchant === window.opener) window.close();
  } else {
    document.querySelector("[data-nobody]").hidden = false;
  }
}

// Of the fields that belong to one choice only, show those of the chosen one.
function offerFieldsOf(choice) {
  for (const field of document.querySelectorAll("[data-only]")) field.hidden = field.dataset.only !== choice;
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

for (const radio of document.querySelectorAll("input[type=radio]")) {
  if (radio.checked) offerFieldsOf(radio.value);
  radio.addEventListener("change", () => offerFieldsOf(radio.value));
}

// The height is no secret, and the page that framed us is not known on every page: any origin may hear it.
if (window.parent !== window) tellMerchant("resize", { height: Math.ceil(document.body.getBoundingClientRect().height) }, "*");
