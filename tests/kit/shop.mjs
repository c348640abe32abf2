// A Playwright test with a shop and a simulator of its own in each worker: import { test, expect } from "./kit/shop.mjs".

import { spawn } from "node:child_process";
import { basename, dirname } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { test as base, expect, request } from "@playwright/test";

const here = dirname(fileURLToPath(import.meta.url));

async function start() {
  const command = ["-m", basename(here)];
  const child = spawn(process.env.PYTHON ?? "python3", command, { cwd: dirname(here), stdio: ["pipe", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout })) {
    return [child, JSON.parse(line)];
  }
  throw new Error("the shop did not start");
}

async function order(url, state, wish) {
  const program = await request.newContext();
  const answer = await program.post(`${url}/_demo/orders`, { data: { state, ...wish } });
  if (!answer.ok()) throw new Error(await answer.text());
  return answer.json();
}

export const test = base.extend({
  shop: [
    async ({}, use) => {
      const [child, addresses] = await start();
      await use({ ...addresses, order: (state, wish = {}) => order(addresses.url, state, wish) });
      child.stdin.end();
      await new Promise((resolve) => child.on("exit", resolve));
    },
    { scope: "worker", timeout: 120_000 },
  ],
});

export { expect };
