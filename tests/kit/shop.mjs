// A Playwright test with a shop and a simulator of its own in each worker: import { test, expect } from "./kit/shop.mjs".

import { test as base, expect } from "@playwright/test";
import { start } from "./start.mjs";

export const test = base.extend({
  shop: [
    async ({}, use) => {
      const { shop, stop } = await start();
      await use(shop);
      await stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],
});

export { expect };
