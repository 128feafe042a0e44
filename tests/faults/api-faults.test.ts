import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { preview, up } from "../../runner/index.ts";
import { counts, errorOf, ONE_OF_EACH, type TestStack, testStack } from "../stack.ts";

let stack: TestStack;
beforeAll(async () => {
  stack = await testStack();
});
afterAll(() => stack?.remove());
beforeEach(async () => {
  await stack.clearFaults();
  await stack.forget();
});

/** The stack is whole, there is one of each, and the next preview has nothing to do. */
async function expectConverged(): Promise<void> {
  expect(await counts(stack)).toEqual(ONE_OF_EACH);
  const { changes } = await preview(stack.options);
  expect(changes).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });
}

describe("a fault that the update gets over by itself", () => {
  it.each([
    [
      "429 with Retry-After on the droplet's create",
      { method: "POST", path: "^/v2/droplets$", kind: "status", status: 429, retryAfter: 1 },
    ],
    [
      "500 after the droplet was made",
      { method: "POST", path: "^/v2/droplets$", kind: "status-after-commit", status: 500 },
    ],
    [
      "an answer lost after the droplet was made",
      { method: "POST", path: "^/v2/droplets$", kind: "drop-after-commit" },
    ],
    ["an answer lost after the volume was made", { method: "POST", path: "^/v2/volumes$", kind: "drop-after-commit" }],
    [
      "an answer lost after the firewall was made",
      { method: "POST", path: "^/v2/firewalls$", kind: "drop-after-commit" },
    ],
    ["500s while reading", { method: "GET", path: "^/v2/droplets/", kind: "status", status: 500, times: 2 }],
  ])("%s", async (_, rule) => {
    await stack.fault(rule);
    const result = await up(stack.options);
    expect(result.nodes).toHaveLength(1);
    await expectConverged();
  });
});

describe("a fault that ends the update", () => {
  it("capacity gone: ProvisionFailed with the regions that have the size, and the next run goes on", async () => {
    await stack.fault({ kind: "capacity", size: "gpu-h100x1-80gb", times: 0 });
    const error = await errorOf(up(stack.options));
    expect(error.toJSON()).toMatchObject({
      error: "ProvisionFailed",
      details: {
        resource: "droplet",
        size: "gpu-h100x1-80gb",
        region: "tor1",
        suggestion: expect.stringMatching(/nyc2|ams3/),
      },
    });
    expect((await counts(stack)).droplets).toBe(0);
    await stack.clearFaults();
    await up(stack.options);
    await expectConverged();
  });

  it("a create that never ends: ProvisionFailed within the limit, and the next run takes the droplet up", async () => {
    await stack.fault({ kind: "stuck-action", actionType: "create", times: 1 });
    stack.configure({ createTimeoutMinutes: 0.1 });
    const error = await errorOf(up(stack.options));
    stack.configure({ createTimeoutMinutes: undefined });
    expect(error.toJSON()).toMatchObject({ error: "ProvisionFailed", details: { suggestion: expect.any(String) } });
    await stack.clearFaults();
    await up(stack.options);
    await expectConverged();
  });

  it("an attach that errs: VolumeAttachFailed naming volume and droplet, and the next run attaches", async () => {
    await stack.fault({ kind: "errored-action", actionType: "attach_volume", times: 1 });
    const error = await errorOf(up(stack.options));
    expect(error.toJSON()).toMatchObject({
      error: "VolumeAttachFailed",
      details: { volume_id: expect.any(String), droplet_id: expect.any(Number), suggestion: expect.any(String) },
    });
    await stack.clearFaults();
    await up(stack.options);
    await expectConverged();
  });

  it("a token that is not accepted: PrecheckFailed, and nothing was made", async () => {
    await stack.fault({ path: "^/v2/", kind: "status", status: 401, times: 0 });
    const error = await errorOf(up(stack.options));
    expect(error.toJSON()).toMatchObject({ error: "PrecheckFailed", details: { suggestion: expect.any(String) } });
    await stack.clearFaults();
    expect((await counts(stack)).droplets).toBe(0);
  });
});
