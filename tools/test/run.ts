/**
 * `node tools/test/run.ts [SUITE...]`: brings what is missing, runs the suites (all, or those named), adds them up, and
 * ends with the line `N passed, N failed`. Whatever keeps a suite from running counts as a failed test of it.
 */
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { UserError } from "../../domain/errors.ts";
import { startedDockerd, stopDockerd } from "../../runner/toolchain/dockerd.ts";
import { thisHost } from "../../runner/toolchain/host.ts";
import { partLine } from "../../runner/toolchain/lines.ts";
import { installMissing } from "../../runner/toolchain/parts.ts";
import { contractLines, readContract } from "./contract.ts";
import { endLeftovers, runVariable } from "./leftovers.ts";
import { runSuite, type SuiteResult, stages, suiteNames } from "./suites.ts";

const host = thisHost();
const say = (line: string) => process.stdout.write(`${line}\n`);

/** The suites that need more than Node and the npm dependencies. */
const needs: Record<string, string[]> = {
  unit: ["git", "ssh"],
  engine: ["git", "ssh", "pulumi"],
  docker: ["git", "ssh", "pulumi", "docker"],
  faults: ["git", "ssh", "pulumi"],
  conformance: [],
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !suiteNames.includes(name));
if (unknown.length > 0) {
  say(`there is no suite ${unknown.join(", ")}; there are ${suiteNames.join(", ")}`);
  process.exit(2);
}

const run = randomUUID();
const scratch = mkdtempSync(join(tmpdir(), "windlass-test-"));
const contractLog = join(scratch, "contract.jsonl");
const description = apiDescription();
const dockerBefore = startedDockerd(host)?.pid;
const results: SuiteResult[] = [];
let interrupted = false;
process.once("SIGINT", () => {
  interrupted = true;
});
process.once("SIGTERM", () => {
  interrupted = true;
});

for (const stage of stages) {
  const lanes = stage
    .map((lane) => lane.filter((name) => wanted.length === 0 || wanted.includes(name)))
    .filter((lane) => lane.length > 0);
  // One after the other: two that bring the same part would be in each other's way.
  const missing = new Map<string, string | undefined>();
  for (const name of lanes.flat()) missing.set(name, await setUp(needs[name] ?? []));
  if (!interrupted) say(`\n== ${lanes.map((lane) => lane.join(", ")).join(" beside ")}`);
  await Promise.all(lanes.map((lane) => runLane(lane, missing, lanes.length === 1)));
}
results.sort((a, b) => suiteNames.indexOf(a.name) - suiteNames.indexOf(b.name));

for (const { pid, command } of endLeftovers(run)) say(`ended a process that tests left behind: ${pid} ${command}`);
if (startedDockerd(host)?.pid !== dockerBefore && (await stopDockerd(host)))
  say("stopped the dockerd that this run started");
report();

/** @param missing what keeps a suite from running, by name */
async function runLane(lane: string[], missing: Map<string, string | undefined>, alone: boolean): Promise<void> {
  for (const name of lane) {
    if (interrupted) return;
    const reason = missing.get(name);
    results.push(reason ? notRun(name, reason) : await runSuite(host.root, name, environment(), alone));
  }
}

/** The path in WINDLASS_OPENAPI, when it names a file. */
function apiDescription(): string | undefined {
  const path = process.env.WINDLASS_OPENAPI;
  return path && existsSync(path) ? resolve(path) : undefined;
}

function environment(): NodeJS.ProcessEnv {
  const contract = description ? { WINDLASS_OPENAPI: description, WINDLASS_CONTRACT_LOG: contractLog } : {};
  const { WINDLASS_OPENAPI: _, ...inherited } = process.env;
  const plain = process.stdout.isTTY ? {} : { NO_COLOR: "1" };
  return { ...inherited, ...plain, ...contract, [runVariable]: run };
}

/** Answers with the error when something cannot be brought. */
async function setUp(parts: string[]): Promise<string | undefined> {
  try {
    await installMissing({
      only: parts,
      onEvent: (event) => {
        const line = partLine(event);
        if (line) say(line);
      },
    });
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

function notRun(name: string, reason: string): SuiteResult {
  return { name, passed: 0, failed: 1, skipped: 0, seconds: 0, problems: [`it could not run: ${reason}`] };
}

function report(): void {
  const contract = readContract(contractLog);
  rmSync(scratch, { recursive: true, force: true });
  say("");
  for (const { name, passed, failed, skipped, seconds, problems } of results) {
    say(`${name}: ${passed} passed, ${failed} failed, ${skipped} skipped (${seconds.toFixed(0)} s)`);
    for (const problem of problems) say(`  ${problem}`);
  }
  for (const line of contractLines(description, contract)) say(line);
  const sum = (key: "passed" | "failed" | "skipped") => results.reduce((total, result) => total + result[key], 0);
  const failed = sum("failed") + (contract.violations.length > 0 ? 1 : 0) + (interrupted ? 1 : 0);
  if (interrupted) say("interrupted: the suites that did not run count as one failed test");
  const skipped = sum("skipped");
  say(`${sum("passed")} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  process.exitCode = failed === 0 ? 0 : 1;
}
