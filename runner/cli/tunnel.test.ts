import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { buildProgram } from "./program.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tunnel-cli-"));
  vi.stubEnv("WINDLASS_HOME", folder);
  vi.stubEnv("CLOUDFLARE_API_TOKEN", "");
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

async function run(...words: string[]): Promise<string> {
  let text = "";
  vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    text += chunk;
    return true;
  });
  const program = await buildProgram(["tunnel", ...words]);
  await program.parseAsync(["tunnel", ...words], { from: "user" });
  return text;
}

test.each(["up", "down", "rotate"])("%s changes things, so without a terminal it wants --yes", async (command) => {
  await expect(run(command, "agent-nas")).rejects.toMatchObject({ code: "UsageError", exitCode: 2 });
});

test("validate is one JSON document, and tells which rule takes a request", async () => {
  const text = await run("validate", "agent-nas", "--url", "https://mesh.blueflyagents.com/x", "--json");
  expect(JSON.parse(text)).toMatchObject({
    tunnel: "agent-nas",
    matches: [{ rule: 2, service: "http://agent-mesh:3005" }],
    ignored: [],
  });
  expect(await run("validate", "agent-nas", "--url", "https://x.org/")).toContain("goes to http_status:404 by rule 8");
});

test("a file that is wrong, and a name that is none, are told with what was meant", async () => {
  const file = join(folder, "t.yaml");
  writeFileSync(file, "ingress:\n  - service: web\n");
  await expect(run("validate", file)).rejects.toMatchObject({ code: "ConfigInvalid", details: { file, line: 2 } });
  await expect(run("validate", "agent-nass")).rejects.toMatchObject({
    code: "NotFound",
    details: { suggestion: "did you mean agent-nas?" },
  });
});

test("a tunnel that was made on the other cloud only is named so", async () => {
  mkdirSync(join(folder, "tunnels/local/shop"), { recursive: true });
  await expect(run("token", "shop")).rejects.toMatchObject({
    code: "NotFound",
    details: { suggestion: "there is one on the local cloud: give --cloud local" },
  });
});
