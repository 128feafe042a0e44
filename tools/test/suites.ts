import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * The suites of vitest.config.ts in the order they run: stages one after the other, first what is quick and tells most; the lanes of a stage
 * side by side. The machines and services of the docker suite mostly wait, for which the others have use.
 */
export const stages: string[][][] = [[["unit"]], [["engine", "faults", "conformance"], ["docker"]]];

/** Every suite once, in the order of the stages. */
export const suiteNames = stages.flat(2);

/** Minutes after which a suite counts as hung and is ended: about twice what it takes on two busy cores, and all of them in less than 90. */
const suiteMinutes: Record<string, number> = { unit: 10, engine: 40, docker: 60, faults: 15, conformance: 15 };

/** What came of one suite. */
export interface SuiteResult {
  name: string;
  passed: number;
  failed: number;
  skipped: number;
  seconds: number;
  /** Why tests that have no name of their own count as failed: a file that does not load, a crash, an empty suite. */
  problems: string[];
}

/** The part of Vitest's JSON report that is counted. */
export interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests?: number;
  testResults: { name: string; status: string; message?: string; assertionResults: unknown[] }[];
}

/**
 * Runs one suite with Vitest, its output going straight through, and counts what it did.
 * @param alone whether it has the terminal to itself; beside others it prints whole lines and draws nothing
 */
export async function runSuite(root: string, name: string, env: NodeJS.ProcessEnv, alone = true): Promise<SuiteResult> {
  const folder = mkdtempSync(join(tmpdir(), "windlass-report-"));
  const file = join(folder, "report.json");
  const started = performance.now();
  try {
    const exit = await vitest(root, name, file, env, alone);
    const counted = countTests(readReport(file), exit);
    return { name, ...counted, seconds: (performance.now() - started) / 1_000 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How the test process ended. */
export interface SuiteExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  timedOut: boolean;
}

async function vitest(
  root: string,
  project: string,
  report: string,
  env: NodeJS.ProcessEnv,
  alone: boolean,
): Promise<SuiteExit> {
  const script = join(root, "node_modules/vitest/vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const child = spawn(process.execPath, [script, "run", "--project", project, "--passWithNoTests", ...reporters], {
    cwd: root,
    env,
    stdio: ["ignore", alone ? "inherit" : "pipe", alone ? "inherit" : "pipe"],
  });
  child.stdout?.pipe(process.stdout, { end: false });
  child.stderr?.pipe(process.stderr, { end: false });
  let timedOut = false;
  const timer = setTimeout(
    () => {
      timedOut = true;
      child.kill("SIGKILL");
    },
    (suiteMinutes[project] ?? 10) * 60_000,
  );
  const stop = () => child.kill("SIGINT");
  process.once("SIGINT", stop).once("SIGTERM", stop);
  return await new Promise((settle) => {
    child.once("error", () => settle({ code: 1, signal: null, timedOut }));
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      process.off("SIGINT", stop).off("SIGTERM", stop);
      settle({ code, signal, timedOut });
    });
  });
}

function readReport(file: string): VitestReport | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as VitestReport;
  } catch {
    return undefined;
  }
}

/** Adds up a report; whatever cannot be told from it (no report, no test, a bad exit) is one failed test. */
export function countTests(
  report: VitestReport | undefined,
  exit: SuiteExit,
): Pick<SuiteResult, "passed" | "failed" | "skipped" | "problems"> {
  const problems: string[] = [];
  if (exit.timedOut) problems.push("it hung and was ended");
  if (!report && !exit.timedOut)
    problems.push(`it crashed before it could report (${exit.signal ?? `exit ${exit.code}`})`);
  const passed = report?.numPassedTests ?? 0;
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  let failed = report?.numFailedTests ?? 0;
  for (const file of report?.testResults ?? []) {
    if (file.status === "failed" && file.assertionResults.length === 0) {
      problems.push(`${file.name} did not load: ${file.message?.split("\n")[0] ?? ""}`);
    }
  }
  if (report && passed + failed === 0 && problems.length === 0) problems.push("it ran no test");
  failed += problems.length;
  if (exit.code !== 0 && failed === 0) {
    problems.push(`every test passed and yet it ended with ${exit.signal ?? `exit ${exit.code}`}`);
    failed += 1;
  }
  return { passed, failed, skipped, problems };
}
