import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ErrorCode, UserError } from "../../domain/errors.ts";
import { EngineExit } from "./command.ts";
import type { EngineFailure, EngineReport } from "./events.ts";
import { explainFailure, isOtherOutputs } from "./failure.ts";
import type { OpenStack } from "./stack.ts";

const home = mkdtempSync(join(tmpdir(), "windlass-failure-"));
const open = (signal?: AbortSignal) =>
  ({
    target: { stack: "dev", cloud: "local", home, root: home, project: "p", backend: `file://${home}` },
    logFile: "/log",
    options: signal ? { signal } : {},
  }) as unknown as OpenStack;

function failure(type: string, inputs: object, ...messages: string[]): EngineFailure {
  return {
    urn: `urn::${type}::x`,
    type,
    name: "x",
    action: "create",
    inputs: inputs as Record<string, unknown>,
    messages,
  };
}

async function explain(
  failures: EngineFailure[],
  rest: { errors?: string[]; stderr?: string; signal?: AbortSignal } = {},
) {
  const changes = { create: 0, update: 0, replace: 0, delete: 0, same: 0 };
  const policy = { findings: [], resources: new Map(), stack: new Map() };
  const told = { failures, errors: rest.errors ?? [], warnings: [], policy };
  const report: EngineReport = { changes, steps: [], ...told, touchesState: true };
  return (await explainFailure(new EngineExit("up", 255, "", rest.stderr ?? ""), report, open(rest.signal))).toJSON();
}

const DROPLET = "digitalocean:index/droplet:Droplet";

test.each([
  "Size is not available in this region.",
  "422 the size is currently not available in this region",
  "This size is temporarily unavailable",
])("%j is a lack of capacity", async (message) => {
  const { error, details } = await explain([
    failure(DROPLET, { name: "n", size: "gpu-h100x1-80gb", region: "tor1" }, message),
  ]);
  expect(error).toBe("ProvisionFailed");
  expect(details).toMatchObject({
    resource: "droplet",
    size: "gpu-h100x1-80gb",
    region: "tor1",
    reason: "Insufficient capacity in region",
    suggestion: expect.stringContaining("again later"),
    log: "/log",
  });
});

test.each([
  ["401 Unable to authenticate you", "token"],
  ["429 Too many requests", "rate limit"],
  ["creating this would exceed your droplet limit", "higher limit"],
  ["droplet 5 did not become active within 5m", "run it again"],
  ["POST /v2/droplets: 503", "nothing is made twice"],
])("%j comes with advice", async (message, advice) => {
  const { details } = await explain([failure(DROPLET, {}, message)]);
  expect(details.suggestion).toContain(advice);
});

test("an attachment names volume and droplet", async () => {
  const type = "digitalocean:index/volumeAttachment:VolumeAttachment";
  const message = "error: Volume already attached to droplet 987654321";
  expect(await explain([failure(type, { volumeId: "vol-1", dropletId: 12 }, message)])).toMatchObject({
    error: "VolumeAttachFailed",
    details: { volume_id: "vol-1", droplet_id: 12, reason: "Volume already attached to droplet 987654321" },
  });
});

test("a step on the node is an ssh failure or a bootstrap failure", async () => {
  const inputs = { connection: { host: "198.51.100.1", user: "root" } };
  expect(await explain([failure("command:remote:Command", inputs, "ssh: handshake failed")])).toMatchObject({
    error: "SSHConnectionFailed",
    details: { host: "198.51.100.1", user: "root" },
  });
  expect(
    await explain([failure("command:remote:Command", inputs, "exit status 1: no space left on device")]),
  ).toMatchObject({
    error: "BootstrapFailed",
    details: { step: "x", suggestion: expect.stringContaining("disk is full") },
  });
});

test("an error that the step itself told is taken as it is", async () => {
  const line =
    'windlass-error {"error":"BootstrapFailed","details":{"step":"10-driver","reason":"no driver","suggestion":"use another image"}}';
  expect(await explain([failure("command:remote:Command", {}, `exit status 1\n${line}`)])).toMatchObject({
    error: "BootstrapFailed",
    details: { step: "10-driver", reason: "no driver", suggestion: "use another image" },
  });
  const config = 'windlass-error {"error":"ConfigInvalid","details":{"reason":"bad"}}';
  expect(await explain([], { errors: [config] })).toMatchObject({ error: "ConfigInvalid", details: { reason: "bad" } });
});

test("the failure that says why comes first, the others are named", async () => {
  const { details } = await explain([failure(DROPLET, {}), failure(DROPLET, {}, "the reason")]);
  expect(details).toMatchObject({ reason: "the reason", also: ["x: no reason given"] });
});

test("secrets do not reach an error", async () => {
  const text = JSON.stringify(await explain([failure(DROPLET, {}, "Bearer abc123def refused dop_v1_ff")]));
  expect(text).not.toMatch(/abc123def|dop_v1_ff/);
});

test("no resource failed: the program, the passphrase, a plugin", async () => {
  expect(await explain([], { errors: ["TypeError: x is not a function"] })).toMatchObject({ error: "CommandFailed" });
  expect(await explain([], { stderr: "error: incorrect passphrase" })).toMatchObject({ error: "ConfigInvalid" });
  expect(await explain([], { stderr: "error: no resource plugin 'pulumi-resource-x' found" })).toMatchObject({
    error: "ToolMissing",
    details: { suggestion: expect.stringContaining("doctor") },
  });
});

test("a lock of a shared backend: who holds it, and how to break it", async () => {
  const stderr =
    "error: the stack is currently locked by 1 lock(s). Either wait or delete the lock file with `pulumi cancel`.\n" +
    "  s3://states/.pulumi/locks/organization/p/dev/1.json: created by ci@runner-7 (pid 12) at 2026-11-21T10:00:00Z";
  expect(await explain([], { stderr })).toMatchObject({
    error: "StackLocked",
    details: {
      holder: "ci@runner-7 (pid 12) at 2026-11-21T10:00:00Z",
      suggestion: expect.stringContaining("--break-lock"),
    },
  });
});

test("a stop that was asked for says how to go on", async () => {
  const stop = new AbortController();
  stop.abort();
  expect(await explain([failure(DROPLET, {}, "cancelled")], { signal: stop.signal })).toMatchObject({
    error: "Cancelled",
    details: { suggestion: expect.stringContaining("windlass up --stack dev") },
  });
});

test("what an update did not come to because something failed is no break of its plan", async () => {
  const aftermath = "expected resource operations for urn:pulumi:dev::p::t::x but none were seen";
  const failed = failure(DROPLET, { name: "n", size: "s", region: "tor1" }, "Size is not available in this region.");
  expect((await explain([failed], { errors: [aftermath] })).error).toBe("ProvisionFailed");
  expect((await explain([], { errors: ["Error: the program broke", aftermath] })).error).toBe("CommandFailed");
  expect((await explain([], { errors: [aftermath] })).error).toBe("PolicyViolation");
});

test.each([
  "create is not allowed by the plan: no steps were expected for this resource",
  "resource urn:pulumi:dev::p::t::x violates plan: properties changed: ++size[{a}!={b}]",
])("%j is an update that goes beyond its plan", async (message) => {
  expect(await explain([], { errors: [message] })).toMatchObject({
    error: "PolicyViolation",
    details: { begun: true, violations: [{ policy: "plan" }] },
  });
});

test("a pack that does not start refuses", async () => {
  const stderr = 'error: policy pack "/p" failed to start: could not read plugin [/p]: exit status 32';
  expect(await explain([], { stderr })).toMatchObject({
    error: "PolicyViolation",
    details: { violations: [{ policy: "unjudged" }] },
  });
});

test("outputs that came out otherwise are told from inputs that did", async () => {
  const outputs = "error: resource violates plan: properties changed: ++status[{new}!={active}]";
  const inputs = `resource urn:pulumi:dev::p::${DROPLET}::x violates plan: properties changed: ~~size[{a}!={b}]`;
  const other = async (...errors: string[]) => {
    const { error, details } = await explain([], { errors });
    return isOtherOutputs(new UserError(error as ErrorCode, details));
  };
  expect(await other(outputs)).toBe(true);
  expect(await other(inputs)).toBe(false);
  expect(await other(outputs, inputs)).toBe(false);
});
