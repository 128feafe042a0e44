import { join } from "node:path";
import { expect, test } from "vitest";
import { countTests, suiteNames, type VitestReport } from "./suites.ts";

const done = { code: 0, signal: null, timedOut: false };
const failed = { ...done, code: 1 };

function report(passed: number, failing = 0, files: VitestReport["testResults"] = []): VitestReport {
  return { numPassedTests: passed, numFailedTests: failing, numPendingTests: 1, testResults: files };
}

test("tests are added up", () => {
  expect(countTests(report(5), done)).toEqual({ passed: 5, failed: 0, skipped: 1, problems: [] });
  expect(countTests(report(5, 2), failed)).toMatchObject({ passed: 5, failed: 2, problems: [] });
});

test("a file that does not load is a failed test", () => {
  const broken = { name: "a.test.ts", status: "failed", message: "Cannot find module\nat x", assertionResults: [] };
  expect(countTests(report(5, 0, [broken]), failed)).toMatchObject({
    failed: 1,
    problems: ["a.test.ts did not load: Cannot find module"],
  });
});

test.each([
  ["a suite without a test", report(0), done, "it ran no test"],
  ["a crash before the report", undefined, { ...done, code: null, signal: "SIGSEGV" as const }, /crashed.*SIGSEGV/],
  ["a hang", undefined, { code: null, signal: "SIGKILL" as const, timedOut: true }, "it hung and was ended"],
  ["an unhandled error beside passing tests", report(5), failed, /every test passed and yet/],
])("%s is a failed test", (_, given, exit, problem) => {
  expect(countTests(given, exit)).toMatchObject({ failed: 1, problems: [expect.stringMatching(problem)] });
});

test("every suite runs once", async () => {
  // By its path: the check of layers does not find what the config imports.
  const { default: config } = await import(join(import.meta.dirname, "../../vitest.config.ts"));
  const projects = config.test.projects as { test: { name: string } }[];
  expect([...suiteNames].sort()).toEqual(projects.map(({ test: { name } }) => name).sort());
});
