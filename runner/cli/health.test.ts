import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { buildProgram } from "./program.ts";

let folder: string;
let printed: string;
let told: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "health-cli-"));
  vi.stubEnv("WINDLASS_HOME", join(folder, "home"));
  printed = told = "";
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, "write").mockImplementation((text) => {
      if (stream === process.stdout) printed += text;
      else told += text;
      return true;
    });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
  process.exitCode = 0;
});

async function run(...words: string[]): Promise<string> {
  printed = "";
  const program = await buildProgram(["health", ...words]);
  await program.parseAsync(["health", ...words], { from: "user" });
  return printed;
}

const file = () => join(folder, "health.yaml");

test("one target is a document, several are a list, and one that is unhealthy ends with 1", async () => {
  writeFileSync(file(), "targets: { a: tcp://127.0.0.1:1, b: tcp://127.0.0.1:2 }\n");
  const all = JSON.parse(await run("--file", file(), "--json"));
  expect(all.map(({ service, status }: Record<string, string>) => [service, status])).toEqual([
    ["a", "unhealthy"],
    ["b", "unhealthy"],
  ]);
  expect(process.exitCode).toBe(1);
  expect(JSON.parse(await run("--file", file(), "--target", "b", "--json"))).toMatchObject({ service: "b" });
  expect(await run("--file", file())).toMatch(/^a +unhealthy .* tcp_open: connect ECONNREFUSED 127\.0\.0\.1:1$/m);
});

test("the history tells changes, availability and alerts, and every look with --all", async () => {
  writeFileSync(file(), "targets: { a: tcp://127.0.0.1:1 }\nalerts: [{ name: down, when: unhealthy }]\n");
  expect(await run("history")).toBe("nothing was looked at in that time\n");
  await run("--file", file(), "--notify");
  expect(told).toContain("sent to nobody");
  await run("--file", file());
  expect(JSON.parse(await run("history", "a", "--json"))).toMatchObject({
    availability: [{ service: "a", checks: 2, percent: 0 }],
    results: [{ service: "a", status: "unhealthy", failed: ["tcp_open"] }],
    alerts: [{ rule: "down", service: "a", news: "firing" }],
  });
  expect(JSON.parse(await run("history", "--all", "--json")).results).toHaveLength(2);
  expect(JSON.parse(await run("history", "other", "--json")).results).toEqual([]);
  expect(await run("history")).toMatch(/^a +0 % +2 /m);
});

test.each([
  [["--every", "5"], "--every goes with --watch"],
  [["--listen", "9105"], "--listen goes with --watch"],
  [["--target", "nothing"], "there is no target nothing"],
  [["history", "--since", "long ago"], "long ago"],
])("%j is wrong usage", async (words, reason) => {
  await expect(run(...words)).rejects.toMatchObject({
    ...{ code: "UsageError", exitCode: 2, details: { reason: expect.stringContaining(reason) } },
  });
});

test("a health file that is wrong is told with its line", async () => {
  writeFileSync(file(), "targets:\n  a: tcp://127.0.0.1\n");
  await expect(run("--file", file())).rejects.toMatchObject({
    ...{ code: "ConfigInvalid", details: { file: file(), line: 2, reason: expect.stringContaining(`${file()}:2:`) } },
  });
});
