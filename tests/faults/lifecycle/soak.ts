import { fork } from "node:child_process";
import fc from "fast-check";
import { openAccount } from "./account.ts";
import { live, type Told } from "./life.ts";
import { randomSteps } from "./random-steps.ts";

/**
 * `make soak`: ten thousand random lives of a node in two processes. Prints the table of docs/reliability.md, and of each life that went wrong
 * what went wrong and how to see it again. Ends with exit code 1 if one did, or if the time was up before all were lived.
 */
const RUNS = number("WINDLASS_SOAK_RUNS", 10_000);
const MINUTES = number("WINDLASS_SOAK_MINUTES", 20);
const SEED = number("WINDLASS_SOAK_SEED", Date.now() % 1_000_000);
const WORKERS = 2;

interface Tally {
  runs: number;
  commands: number;
  deaths: number;
  failures: number;
  calls: number;
  wrong: number;
}

function number(name: string, otherwise: number): number {
  const value = Number(process.env[name] ?? otherwise);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} must be a whole number of at least 1`);
  return value;
}

if (process.send) await work(Number(process.argv[2]), Number(process.argv[3]));
else await soak();

/** One worker: each life has a seed of its own, from which it can be lived again. */
async function work(first: number, count: number): Promise<void> {
  const account = await openAccount();
  const deadline = performance.now() + MINUTES * 60_000;
  const tally: Tally = { runs: 0, commands: 0, deaths: 0, failures: 0, calls: 0, wrong: 0 };
  for (let seed = first; seed < first + count && performance.now() < deadline; seed++) {
    const [steps = []] = fc.sample(randomSteps, { seed, numRuns: 1 });
    tally.runs++;
    try {
      add(tally, await live(account, steps));
    } catch (error) {
      tally.wrong++;
      const again = `WINDLASS_SOAK_SEED=${seed} WINDLASS_SOAK_RUNS=1`;
      process.stderr.write(`${again}: ${(error as Error).message}\n  ${JSON.stringify(steps)}\n`);
    }
    if (tally.runs % 250 === 0) process.stderr.write(`  lives ${first} to ${seed}: ${tally.wrong} went wrong\n`);
  }
  await account.close();
  process.send?.(tally);
  process.disconnect();
}

function add(tally: Tally, { commands, deaths, failures, calls }: Told): void {
  tally.commands += commands.length;
  tally.deaths += deaths;
  tally.failures += failures;
  tally.calls += calls;
}

async function soak(): Promise<void> {
  const started = performance.now();
  const share = Math.ceil(RUNS / WORKERS);
  const tallies = await Promise.all(
    Array.from({ length: WORKERS }, (_, n) => spawn(SEED + n * share, Math.min(share, RUNS - n * share))),
  );
  const sum = (read: (tally: Tally) => number) => tallies.reduce((total, tally) => total + read(tally), 0);
  const wrong = sum((tally) => tally.wrong);
  const minutes = ((performance.now() - started) / 60_000).toFixed(1);
  const runs = sum((tally) => tally.runs);
  process.stdout.write(
    "| runs | commands | kills | failed commands | runs with an orphan, a loss or any other defect | first seed | minutes |\n" +
      "|---|---|---|---|---|---|---|\n" +
      `| ${runs} | ${sum((t) => t.commands)} | ${sum((t) => t.deaths)} | ${sum((t) => t.failures)} | ${wrong} | ${SEED} | ${minutes} |\n`,
  );
  if (wrong > 0 || runs < RUNS) process.exitCode = 1;
}

function spawn(first: number, count: number): Promise<Tally> {
  return new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, [String(first), String(count)]);
    child.once("message", (tally) => resolve(tally as Tally));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`a worker ended with code ${code}`)));
  });
}
