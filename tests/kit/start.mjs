// A shop and a simulator of one's own for tests in Node, whatever runs them: const { shop, stop } = await start().

import { spawn } from "node:child_process";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const shopFolder = process.env.PAYPLE_SHOP_FOLDER || dirname(dirname(here));
const python = process.env.PYTHON ?? join(shopFolder, ".venv", "bin", "python");

export async function start() {
  const child = spawn(python, ["-m", basename(here)], { cwd: dirname(here), stdio: ["pipe", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout })) {
    return { shop: shopAt(JSON.parse(line)), stop: () => stop(child) };
  }
  throw new Error("the shop did not start");
}

function shopAt(addresses) {
  const orders = `${addresses.url}/_demo/orders`;
  const order = (state, wish = {}) => ask(orders, { method: "POST", body: JSON.stringify({ state, ...wish }) });
  const show = ({ order_no }) => ask(`${orders}/${order_no}`);
  return { ...addresses, order, show };
}

async function ask(url, options = {}) {
  const answer = await fetch(url, { headers: { "Content-Type": "application/json" }, ...options });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

function stop(child) {
  child.stdin.end();
  return new Promise((resolve) => child.on("exit", resolve));
}
