// A small merchant, written from Payple's public documents only: Node, standard library, nothing of this project.
// It knows addresses and keys from its environment and keeps its orders in memory. It is a rehearsal of the protocol,
// not a shop: what a shop needs besides (accounts, a database, webhooks, staff rights) is left out on purpose.
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";

function env(name) {
  if (process.env[name]) return process.env[name];
  throw new Error(`set ${name}`);
}

const PAYPLE = env("PAYPLE_URL"); // https://democpay.payple.kr, https://cpay.payple.kr, or a stand-in
const SHOP = env("SHOP_URL"); // the Referer, and the base of the direct window's result address
const KEYS = { cst_id: env("PAYPLE_CST_ID"), custKey: env("PAYPLE_CUST_KEY") };
const CLIENT_KEY = env("PAYPLE_CLIENT_KEY");
const REFUND_KEY = env("PAYPLE_REFUND_KEY");
const WINDOWS = { authkey: "/js/cpay.payple.1.0.1.js", clientkey: "/js/v1/payment.js" };
const orders = new Map(); // by PCD_PAY_OID

// ---- Payple -------------------------------------------------------------------------------------------------------

async function post(url, message) {
  const headers = { "Content-Type": "application/json", "Cache-Control": "no-cache", Referer: SHOP };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(message), redirect: "error" });
  if (answer.status !== 200) throw new Refusal(`HTTP ${answer.status}`, "no answer from the gateway");
  return answer.json();
}

// Partner authentication (quick guide 3-2). One authentication serves one request; its flags say for what.
async function authenticate(purpose = {}) {
  const ticket = await post(`${PAYPLE}/php/auth.php`, { ...KEYS, ...purpose });
  if (ticket.result !== "success") throw new Refusal(/AUTH\d{4}/.exec(ticket.result_msg)?.[0], ticket.result_msg);
  return ticket;
}

// One authenticated request between servers: the tokens of the authentication, at the address that it returned.
async function call(purpose, message) {
  const ticket = await authenticate(purpose);
  const tokens = { PCD_CST_ID: ticket.cst_id, PCD_CUST_KEY: ticket.custKey, PCD_AUTH_KEY: ticket.AuthKey };
  return succeeded(await post(ticket.return_url, { ...tokens, ...message }));
}

function succeeded(answer) {
  const isCode = /^[A-Z]{0,6}0{3,4}$/.test(answer.PCD_PAY_CODE || "0000");
  if (answer.PCD_PAY_RST === "success" && isCode) return answer;
  throw new Refusal(answer.PCD_PAY_CODE, answer.PCD_PAY_MSG);
}

class Refusal extends Error {
  constructor(code, message) {
    super(`${code ?? "?"}: ${message}`);
    this.code = code ?? "";
  }
}

// ---- What the merchant does ---------------------------------------------------------------------------------------

// The members of PaypleCpayAuthCheck (quick guide 3-3); the clientKey window needs no authentication before.
async function openWindow({ window = "authkey", type = "card", work = "CERT", total = "1000", direct, receipt }) {
  const oid = newNumber();
  const ticket = window === "authkey" ? await authenticate() : null;
  const access = ticket ? { PCD_AUTH_KEY: ticket.AuthKey, PCD_PAY_URL: ticket.return_url } : { clientKey: CLIENT_KEY };
  orders.set(oid, { oid, type, work, total, state: "open" });
  return {
    ...access,
    PCD_PAY_TYPE: type,
    PCD_PAY_WORK: work,
    ...(type === "card" ? { PCD_CARD_VER: "01" } : { PCD_TAXSAVE_FLAG: receipt === "Y" ? "Y" : "N" }),
    PCD_PAY_OID: oid,
    PCD_PAY_GOODS: "테스트 상품명",
    PCD_PAY_TOTAL: total,
    PCD_RST_URL: direct === "Y" ? `${SHOP}/order_result` : "/order_result",
    PCD_PAYER_NO: "1234",
    PCD_PAYER_NAME: "홍길동",
    PCD_PAYER_HP: "01012345678",
    PCD_PAYER_EMAIL: "test@payple.kr",
    PCD_PAY_ISTAX: "Y",
  };
}

// PCD_RST_URL (quick guide 3-5). The browser brings this, so it says only what to ask Payple: CERT is confirmed, and
// PAY is looked up. The answer of that decides.
async function takeResult(claim) {
  const order = known(claim.PCD_PAY_OID);
  if (order.state === "paid") return order;
  const { PCD_PAY_RST: state, PCD_PAY_CODE: code = "" } = claim;
  if (state !== "success") return Object.assign(order, { state, code });
  if (claim.PCD_PAY_TOTAL !== order.total) return Object.assign(order, { state: "suspicious" });
  return book(order, order.work === "CERT" ? await confirm(claim) : await inquire(order));
}

function book(order, paid) {
  const isOurs = paid.PCD_PAY_OID === order.oid && String(paid.PCD_PAY_TOTAL) === order.total;
  if (!isOurs) throw new Refusal("", "another payment");
  const { PCD_PAY_CODE: code, PCD_PAY_TIME: time, PCD_PAYER_ID: payerId, PCD_TAXSAVE_RST: receipt = "" } = paid;
  orders.set(order.oid, Object.assign(order, { state: "paid", code, date: time.slice(0, 8), payerId, receipt }));
  return order;
}

// The second step of CERT carries the raw keys. The address comes through the browser: only Payple's own is used.
async function confirm(claim) {
  if (new URL(claim.PCD_PAY_COFURL).origin !== new URL(PAYPLE).origin) throw new Refusal("", "not Payple's address");
  return succeeded(
    await post(claim.PCD_PAY_COFURL, {
      PCD_CST_ID: KEYS.cst_id,
      PCD_CUST_KEY: KEYS.custKey,
      PCD_AUTH_KEY: claim.PCD_AUTH_KEY,
      PCD_PAY_REQKEY: claim.PCD_PAY_REQKEY,
      PCD_PAYER_ID: claim.PCD_PAYER_ID ?? "",
    }),
  );
}

function inquire(order) {
  const question = { PCD_PAY_TYPE: order.type, PCD_PAY_OID: order.oid, PCD_PAY_DATE: order.date ?? koreaDate() };
  return call({ PCD_PAYCHK_FLAG: "Y" }, { PCD_PAYCHK_FLAG: "Y", ...question });
}

function refund({ oid, amount }) {
  const order = known(oid);
  const request = { PCD_PAY_OID: oid, PCD_PAY_DATE: order.date, PCD_REFUND_TOTAL: amount ?? order.total };
  return call({ PCD_PAYCANCEL_FLAG: "Y" }, { PCD_REFUND_KEY: REFUND_KEY, PCD_PAYCANCEL_FLAG: "Y", ...request });
}

// TSREG issues a cash receipt for a transfer, TSCANCEL takes it back.
function cashReceipt({ oid, work, amount }) {
  const order = known(oid);
  const receipt = { PCD_TAXSAVE_AMOUNT: amount ?? order.total, PCD_TAXSAVE_TRADEUSE: "personal" };
  const asked = { PCD_PAYER_ID: order.payerId, PCD_PAY_OID: oid, ...receipt, PCD_TAXSAVE_IDENTINUM: "01012345678" };
  return call({ PCD_PAY_WORK: work }, asked);
}

// Re-payment with the billing key of an earlier payment: no window, no payer. The money has moved with the answer.
async function payAgain({ oid, total }) {
  const { type, total: before, payerId } = known(oid);
  const again = { oid: newNumber(), type, work: "PAY", total: total ?? before };
  const purpose = { PCD_PAY_TYPE: type, PCD_SIMPLE_FLAG: "Y" };
  const wish = { PCD_PAYER_ID: payerId, PCD_PAY_OID: again.oid, PCD_PAY_GOODS: "정기 구독", PCD_PAY_TOTAL: again.total };
  return book(again, await call(purpose, { ...purpose, ...wish }));
}

function known(oid) {
  const order = orders.get(oid);
  if (!order) throw new Refusal("", "no such order");
  return order;
}

function newNumber() {
  return `NODE${Date.now()}${randomBytes(4).toString("hex")}`;
}

function koreaDate() {
  return new Date(Date.now() + 9 * 3600_000).toISOString().slice(0, 10).replaceAll("-", "");
}

// ---- The web server -----------------------------------------------------------------------------------------------

// Order page: the window's script, and the fields as data. The official samples load jQuery first; ours needs none.
function orderPage(fields, window) {
  const data = JSON.stringify(fields).replaceAll("<", "\\u003c");
  return `<!doctype html><html lang="ko"><meta charset="utf-8"><title>주문</title><h1>주문 확인</h1>
<button id="pay">결제하기</button><script src="${PAYPLE}${WINDOWS[window] ?? WINDOWS.authkey}"></script>
<script>document.getElementById("pay").onclick = () => PaypleCpayAuthCheck(${data});</script>`;
}

const routes = {
  "GET /": async (asked) => html(orderPage(await openWindow(asked), asked.window)),
  "GET /fields": async (asked) => json(await openWindow(asked)),
  "POST /order_result": async (claim) => json(await takeResult(claim)),
  "GET /inquiry": async ({ oid }) => json(await inquire(known(oid))),
  "POST /refund": async (asked) => json(await refund(asked)),
  "POST /receipt": async (asked) => json(await cashReceipt(asked)),
  "POST /again": async (asked) => json(await payAgain(asked)),
};

const html = (body) => ["text/html; charset=utf-8", body];
const json = (value) => ["application/json; charset=utf-8", JSON.stringify(value)];

async function answer(request, response) {
  const url = new URL(request.url, SHOP);
  const route = routes[`${request.method} ${url.pathname}`];
  if (!route) return response.writeHead(404).end();
  try {
    const asked = request.method === "POST" ? await text(request) : url.search;
    const [type, body] = await route(Object.fromEntries(new URLSearchParams(asked)));
    response.writeHead(200, { "Content-Type": type }).end(body);
  } catch (error) {
    response.writeHead(error instanceof Refusal ? 409 : 500, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ code: error.code ?? "", error: error.message }));
  }
}

async function text(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}

const server = createServer(answer);
server.listen(Number(env("PORT")), "localhost", () => console.log(`merchant: ${SHOP}`));
