// The payment window's script for merchants' pages, in place of Payple's, for both generations: merchants of
// cpay.payple.1.0.x.js give PCD_AUTH_KEY and PCD_PAY_URL, or an address that answers them, those of v1/payment.js clientKey.
// It needs no jQuery, writes no inline style or handler (a strict CSP lets it work), and opens pages of its own origin only.
(() => {
  "use strict";

  const own = new URL(document.currentScript.src);
  const WINDOW = "/index.php?ACT_=PAYM&CPAYVER=202102051731";
  const FRAME = "cpay_ifr";
  const POPUP = "cpayWinOpen";
  const MINIMUM = 1000;
  const HEIGHT = 860;

  // What is open at the moment: the layer's element or the popup, whose messages count, and what was asked.
  let current = null;

  // Opens the payment window. Everything up to openTarget runs inside the payer's gesture.
  function PaypleCpayAuthCheck(request) {
    const auth = authRequest(request);
    if (auth) return openAuthenticated(request, auth);
    PaypleCpayPopup(request);
  }

  // Opens the payment window with the keys that the request has.
  function PaypleCpayPopup(request, address = request.PCD_PAY_URL) {
    const fields = windowFields(request);
    const target = fields && openTarget(request);
    if (target) submitForm(windowAt(address || WINDOW), fields, target);
  }

  // Without an AuthKey the script asks the merchant's own address for one: payple_auth_file, or PCD_AUTH_URL with PCD_CST_ID.
  function authRequest(request) {
    const { payple_dir_path: folder = "", payple_auth_file: file, PCD_AUTH_URL: url } = request;
    if (request.clientKey || request.PCD_AUTH_KEY || !(folder || file || url)) return null;
    const body = new FormData();
    body.append("payple_dir_path", folder);
    if (request.PCD_CST_ID && url) {
      body.append("cst_id", request.PCD_CST_ID);
      body.append("custKey", request.PCD_CUST_KEY ?? "");
      return { url, body };
    }
    const address = file || url || "payple_payAuth.html";
    return { url: /^\/|^https?:/.test(address) ? address : `${folder}/cPayPayple/${address}`, body };
  }

  // The window opens at once, empty, because a browser blocks popups that open after an answer.
  async function openAuthenticated(request, auth) {
    const target = windowFields(request) && openTarget(request);
    if (!target) return;
    const answer = await fetch(auth.url, { method: "POST", body: auth.body }).then((response) => response.json()).catch(() => ({}));
    if (answer.result !== "success") {
      MainBodyAction("close");
      alert(answer.result_msg ?? "가맹점 인증에 실패했습니다.");
      return;
    }
    Object.assign(request, { PCD_CST_ID: answer.cst_id, PCD_CUST_KEY: answer.custKey, PCD_AUTH_KEY: answer.AuthKey });
    submitForm(windowAt(answer.return_url), windowFields(request), target);
  }

  // MainBodyAction("close") removes the layer or closes the popup; merchants call it from their callback.
  function MainBodyAction(action) {
    if (action !== "close" || !current) return;
    if (current.layer) closeLayer(current);
    if (current.popup) current.popup.close();
    current = null;
  }

  function windowFields(request) {
    const amount = checkedAmount(request);
    if (amount === null) return null;
    if (!request.PCD_RST_URL && typeof request.callbackFunction !== "function") {
      alert("PCD_RST_URL 또는 callbackFunction이 필요합니다.");
      return null;
    }
    return { ...membersOf(request), ...amount, PCD_HTTP_REFERER: location.href };
  }

  function checkedAmount(request) {
    if (request.PCD_PAY_WORK !== "PAY" && request.PCD_PAY_WORK !== "CERT") return {};
    const amount = Number(request.PCD_PAY_TOTAL);
    if (String(request.PCD_PAY_TOTAL ?? "").trim() === "" || Number.isNaN(amount)) {
      alert("결제금액 형식이 바르지 않습니다.");
      return null;
    }
    if (amount < MINIMUM) {
      alert("결제금액은 1,000원 이상 이어야 합니다.");
      return null;
    }
    return { PCD_PAY_TOTAL: String(Math.trunc(amount)) };
  }

  function membersOf(request) {
    const sendable = Object.entries(request).filter(([, value]) => typeof value !== "function" && value != null);
    return Object.fromEntries(sendable.map(([name, value]) => [name, name === "PCD_PAY_GOODS" ? String(value) : attributeValue(String(value))]));
  }

  // Payple's script writes `value="…"` as text and escapes only the goods: other values end at a raw quote, and entities in
  // them are decoded.
  function attributeValue(text) {
    const template = document.createElement("template");
    template.innerHTML = `<input value="${text}">`;
    return template.content.firstChild.getAttribute("value");
  }

  // On our own origin whatever the address says, and in the language of the merchant's page.
  function windowAt(address) {
    const url = new URL(address, own.origin);
    const language = document.documentElement.lang.slice(0, 2);
    if (language) url.searchParams.set("lang", language);
    return own.origin + url.pathname + url.search;
  }

  function openTarget(request) {
    MainBodyAction("close");
    const resultUrl = String(request.PCD_RST_URL ?? "");
    if (/^https?:\/\//.test(resultUrl)) return "_self";
    return isPhone() ? openPopup(request, resultUrl) : openLayer(request, resultUrl);
  }

  function isPhone() {
    return /iPhone|iPod|iPad|Android/i.test(navigator.userAgent);
  }

  function openPopup(request, resultUrl) {
    const popup = window.open("", POPUP);
    if (!popup) {
      alert("팝업이 차단되어 결제창을 열 수 없습니다. 팝업 차단을 해제한 후 다시 시도해 주세요.");
      return null;
    }
    current = { popup, resultUrl, callback: request.callbackFunction, speaker: () => popup };
    return POPUP;
  }

  // Tall enough for every page of ours, and hung from the top: no button moves away while it is pressed.
  function openLayer(request, resultUrl) {
    const layer = document.createElement("div");
    layer.id = "layer_cpay";
    layer.className = "layer_cpay";
    layer.setAttribute("role", "dialog");
    layer.setAttribute("aria-modal", "true");
    layer.setAttribute("aria-label", "결제 시뮬레이터");
    setStyle(layer, { position: "fixed", inset: "0", "z-index": "16777270", display: "flex", "align-items": "flex-start", "justify-content": "center", background: "rgba(0, 0, 0, 0.55)" });
    const frame = document.createElement("iframe");
    Object.assign(frame, { id: FRAME, name: FRAME, title: "결제 시뮬레이터" });
    const width = isAppCard(request) ? "692px" : "450px";
    setStyle(frame, { width, "max-width": "100%", height: `${HEIGHT}px`, "max-height": "92%", "margin-top": "4vh", border: "0", "border-radius": "12px", background: "#fff", "box-shadow": "0 12px 48px rgba(0, 0, 0, 0.35)" });
    frame.addEventListener("load", () => focusFrame(frame));
    layer.append(frame);
    const background = Array.from(document.body.children).filter((element) => !element.inert);
    current = { layer, frame, background, opener: document.activeElement, resultUrl, callback: request.callbackFunction, speaker: () => frame.contentWindow };
    document.body.append(layer);
    for (const element of background) element.inert = true;
    focusFrame(frame);
    return FRAME;
  }

  // The frame loses the focus with every document that it loads; a bare focus() does not bring it back.
  function focusFrame(frame) {
    frame.blur();
    frame.focus();
  }

  function closeLayer({ layer, background, opener }) {
    layer.remove();
    for (const element of background) element.inert = false;
    if (opener) opener.focus();
  }

  // Escape on the page around the frame; inside of it the window's own script listens.
  function onKeydown(event) {
    if (event.key !== "Escape" || !current?.layer) return;
    focusFrame(current.frame);
    current.frame.contentWindow.postMessage({ type: "escape" }, own.origin);
  }

  function isAppCard(request) {
    return request.PCD_PAY_TYPE === "card" && String(request.PCD_CARD_VER ?? "") === "02";
  }

  // One property at a time: a style attribute would need 'unsafe-inline' in the merchant's CSP.
  function setStyle(element, style) {
    for (const [property, value] of Object.entries(style)) element.style.setProperty(property, value);
  }

  function submitForm(action, fields, target) {
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action, target, acceptCharset: "UTF-8", hidden: true });
    for (const [name, value] of Object.entries(fields)) {
      const input = document.createElement("input");
      Object.assign(input, { type: "hidden", name, value });
      form.append(input);
    }
    document.body.append(form);
    HTMLFormElement.prototype.submit.call(form);
    form.remove();
  }

  // Unlike the original, this script looks at who speaks.
  function onMessage(event) {
    if (!current || event.origin !== own.origin || event.source !== current.speaker()) return;
    const { type, data, times } = event.data ?? {};
    if (type === "resize") resize(data);
    if (type === "pay_result" || type === "close") finish(data, times);
  }

  function resize(data) {
    const height = Number(data && data.height);
    if (current.frame && height > HEIGHT) setStyle(current.frame, { height: `${Math.min(height, 2000)}px` });
  }

  function finish(result, times) {
    const { callback, resultUrl } = current;
    MainBodyAction("close");
    if (times > 1) deliverOnceMore(result, callback, resultUrl).finally(() => deliver(result, callback, resultUrl));
    else deliver(result, callback, resultUrl);
  }

  function deliver(result, callback, resultUrl) {
    if (typeof callback === "function") callback(result);
    else submitForm(resultUrl, result, "_self");
  }

  // A scenario lets the result arrive twice: as if the payer had sent the same form two times.
  async function deliverOnceMore(result, callback, resultUrl) {
    if (typeof callback === "function") callback(result);
    else await fetch(resultUrl, { method: "POST", body: new URLSearchParams(result), redirect: "manual" }).catch(() => null);
  }

  window.addEventListener("message", onMessage);
  window.addEventListener("keydown", onKeydown);
  Object.assign(window, { PaypleCpayAuthCheck, PaypleCpayPopup, MainBodyAction });
})();
