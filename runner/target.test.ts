import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { accountToken, accountUrl, engineEnvironment } from "./engine.ts";
import { resolveTarget } from "./target.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "windlass-target-"));
  writeFileSync(join(root, "Pulumi.yaml"), "name: mine\nruntime: nodejs\n");
  writeFileSync(join(root, "Pulumi.dev.yaml"), "config: {}\n");
  writeFileSync(join(root, "Pulumi.prod.yaml"), "config:\n  windlass:cloud: digitalocean\n");
  for (const name of Object.keys(process.env)) {
    if (/^(PULUMI_|DIGITALOCEAN_|WINDLASS_|DO_API)/.test(name)) vi.stubEnv(name, undefined);
  }
});
afterEach(() => vi.unstubAllEnvs());

/** Notes a selection as `pulumi stack select` does. */
function select(home: string, stack: string, seconds: number) {
  const hash = createHash("sha1").update(join(root, "Pulumi.yaml")).digest("hex");
  const file = join(home, "workspaces", `mine-${hash}-workspace.json`);
  mkdirSync(join(home, "workspaces"), { recursive: true });
  writeFileSync(file, JSON.stringify({ stacks: { "file:///x": `organization/mine/${stack}` } }));
  utimesSync(file, seconds, seconds);
}

test("dev is on the local cloud, the others where their config says, and their states are apart", () => {
  vi.stubEnv("PULUMI_HOME", join(root, "own"));
  expect(resolveTarget({ root })).toMatchObject({ stack: "dev", cloud: "local", project: "mine" });
  expect(resolveTarget({ root }).backend).toBe(`file://${root}/.windlass/state/local`);
  const prod = resolveTarget({ root, stack: "prod" });
  expect(prod).toMatchObject({ cloud: "digitalocean", backend: `file://${root}/.windlass/state/digitalocean` });
  expect(resolveTarget({ root, stack: "prod", cloud: "local" }).backend).toMatch(/local$/);
});

test("the stack selected last is the one, whichever way it was selected", () => {
  vi.stubEnv("PULUMI_HOME", join(root, "own"));
  select(join(root, ".windlass", "pulumi-home"), "dev", 1000);
  select(join(root, "own"), "prod", 2000);
  expect(resolveTarget({ root }).stack).toBe("prod");
  select(join(root, ".windlass", "pulumi-home"), "dev", 3000);
  expect(resolveTarget({ root }).stack).toBe("dev");
});

test("a team's backend is used for a real account only", () => {
  vi.stubEnv("PULUMI_BACKEND_URL", "s3://states");
  expect(resolveTarget({ root, stack: "prod" }).backend).toBe("s3://states");
  expect(resolveTarget({ root }).backend).toMatch(/state\/local$/);
});

test("a rehearsal, the official plugins on an address set by hand, has a state of its own", () => {
  vi.stubEnv("DIGITALOCEAN_API_URL", "http://127.0.0.1:8080");
  expect(resolveTarget({ root, stack: "prod" }).backend).toMatch(/state\/rehearsal$/);
  expect(accountUrl("digitalocean", root)).toBe("http://127.0.0.1:8080");
  vi.stubEnv("DIGITALOCEAN_API_URL", "https://api.digitalocean.com");
  expect(resolveTarget({ root, stack: "prod" }).backend).toMatch(/state\/digitalocean$/);
});

test("the exports of the local way do not reach a real account", () => {
  vi.stubEnv("WINDLASS_CLOUD", "local");
  vi.stubEnv("DIGITALOCEAN_TOKEN", "local_1234");
  vi.stubEnv("DIGITALOCEAN_API_URL", "http://127.0.0.1:8080");
  vi.stubEnv("PULUMI_BACKEND_URL", `file://${root}/.windlass/state/local`);
  const prod = resolveTarget({ root, stack: "prod" });
  expect(prod.backend).toMatch(/state\/digitalocean$/);
  expect([accountToken("digitalocean", root), accountUrl("digitalocean", root)]).toEqual([undefined, undefined]);
  expect(engineEnvironment(prod)).toMatchObject({
    DIGITALOCEAN_TOKEN: "",
    DIGITALOCEAN_API_URL: "",
    CLOUDFLARE_BASE_URL: "",
    CLOUDFLARE_API_TOKEN: "",
    WINDLASS_CLOUD: "digitalocean",
  });
});

test("a token is found under each of its names", () => {
  for (const name of ["DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN", "DO_API_TOKEN"]) {
    vi.stubEnv(name, "dop_v1_1");
    expect(accountToken("digitalocean", root)).toBe("dop_v1_1");
    vi.stubEnv(name, undefined);
  }
});

test("a folder that is no project, a stack without a file, and names that are none", () => {
  const wrong = (options: object) => {
    try {
      resolveTarget({ root, ...options });
    } catch (error) {
      return error;
    }
  };
  expect(wrong({ root: tmpdir() })).toMatchObject({ code: "UsageError", exitCode: 2 });
  expect(wrong({ stack: "staging" })).toMatchObject({
    exitCode: 2,
    message: expect.stringContaining("Pulumi.staging.yaml"),
  });
  expect(wrong({ stack: "../dev" })).toMatchObject({ code: "UsageError" });
  expect(wrong({ cloud: "aws" })).toMatchObject({ code: "UsageError" });
});
