import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { preview, recover, up } from "../../runner/index.ts";
import { counts, ONE_OF_EACH, type TestStack, testStack } from "../stack.ts";

/** Print it with a failure and set it to see the same run again. */
const SEED = Number(process.env.WINDLASS_TEST_SEED ?? Date.now() % 100_000);
const ROUNDS = Number(process.env.WINDLASS_KILL_ROUNDS ?? 10);
/** Milliseconds within which an update here starts and ends: kills fall within. */
const KILLS = fc.integer({ min: 800, max: 7000 });

let stack: TestStack;
beforeAll(async () => {
  stack = await testStack();
});
afterAll(() => stack?.remove());

const victims = ["engine", "runner", "cloud"] as const;
const rounds = fc.sample(fc.noBias(KILLS), { seed: SEED, numRuns: ROUNDS }).map((milliseconds, index) => ({
  victim: victims[index % victims.length] as (typeof victims)[number],
  milliseconds,
}));

it.each(rounds)(
  `kill -9 of the $victim after $milliseconds ms leaves no orphan and no duplicate (seed ${SEED})`,
  async ({ victim, milliseconds }) => {
    await killedUpdate(victim, milliseconds);
    await recover(stack.options);
    await up(stack.options);
    expect(await counts(stack)).toEqual(ONE_OF_EACH);
    const { changes } = await preview(stack.options);
    expect(changes).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });
  },
);

/** An update of which somebody was killed after so many milliseconds. Where it was done by then, the next one is killed sooner. */
async function killedUpdate(victim: (typeof victims)[number], milliseconds: number): Promise<void> {
  for (let after = milliseconds; ; after /= 2) {
    await stack.forget();
    const { child, done } = stack.cli(["up", "--stack", "test", "--cloud", "local", "--yes", "--json"]);
    const ended = await Promise.race([
      done.then(() => true),
      new Promise<false>((resolve) => setTimeout(() => resolve(false), after)),
    ]);
    if (ended) continue;
    await kill(victim, child.pid as number);
    if (victim === "cloud") await stack.startCloud();
    await done;
    return;
  }
}

async function kill(victim: (typeof victims)[number], runner: number): Promise<void> {
  if (victim === "cloud") await stack.killCloud();
  else if (victim === "runner") process.kill(runner, "SIGKILL");
  else killEngine();
}

function killEngine(): void {
  const engine = enginePid();
  if (engine === undefined) return;
  try {
    process.kill(engine, "SIGKILL");
  } catch {
    // It had just ended.
  }
}

/** The engine that the runner has noted; undefined while it has started none. */
function enginePid(): number | undefined {
  try {
    const file = join(stack.home, "operations", "local-windlass-test.json");
    return (JSON.parse(readFileSync(file, "utf8")) as { enginePid?: number }).enginePid;
  } catch {
    return undefined;
  }
}
