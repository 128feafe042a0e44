import fc from "fast-check";
import { afterAll, beforeAll, test } from "vitest";
import { type Account, openAccount } from "./account.ts";
import { live } from "./life.ts";
import { randomSteps } from "./random-steps.ts";

/** Printed with a failure; set it to see the same runs again. */
const SEED = Number(process.env.WINDLASS_TEST_SEED ?? Date.now() % 1_000_000);
const RUNS = Number(process.env.WINDLASS_LIFE_RUNS ?? 300);
/** For all of them; an idle machine needs half of one. */
const MINUTES = 10;

let account: Account;
beforeAll(async () => {
  account = await openAccount();
});
afterAll(() => account.close());

test(
  `${RUNS} lives of a node with kills and faults lose nothing and leave nothing behind (seed ${SEED})`,
  async () => {
    const property = fc.asyncProperty(randomSteps, async (steps) => void (await live(account, steps)));
    // A failure is told before the test's own limit, with what the shrinking has come to.
    const limit = { interruptAfterTimeLimit: MINUTES * 60_000 - 30_000, markInterruptAsFailure: true };
    await fc.assert(property, { seed: SEED, numRuns: RUNS, ...limit });
  },
  MINUTES * 60_000,
);
