import { hostname } from "node:os";
import { beforeEach, expect, test } from "vitest";
import type { DigitalOcean, SshKey } from "../../clients/digitalocean/index.ts";
import type { UserError } from "../../domain/errors.ts";
import { leases, withLease } from "./lease.ts";
import type { NodeStack } from "./node-stack.ts";

let keys: SshKey[];
let now: number;
let stack: Pick<NodeStack, "cloud" | "clock">;

/** Keys of an account, which takes a public key once. */
beforeEach(() => {
  keys = [];
  now = Date.parse("2026-05-01T12:00:00Z");
  let next = 1;
  const refuse = (status: number) => Object.assign(new Error(`${status}`), { status });
  const cloud = {
    sshKeys: async () => [...keys],
    createSshKey: async (key: { name: string; public_key: string }) => {
      if (keys.some(({ public_key }) => public_key === key.public_key)) throw refuse(422);
      keys.push({ ...key, id: next++, fingerprint: "" });
      return keys.at(-1);
    },
    renameSshKey: async (id: number, name: string) => Object.assign(keys.find((key) => key.id === id) ?? {}, { name }),
    deleteSshKey: async (id: number) => {
      if (!keys.some((key) => key.id === id)) throw refuse(404);
      keys = keys.filter((key) => key.id !== id);
    },
  };
  stack = { cloud: cloud as unknown as DigitalOcean, clock: { now: async () => now, sleep: async () => {} } };
});

const held = (holder: string, until: string) => {
  const name = keys[0]?.name ?? "";
  const other = name.replace(/ \S+#\w+ until .*/, ` ${holder}#abcd1234 until ${until}`);
  Object.assign(keys[0] ?? {}, { name: other });
};

/** Leaves a lease of somebody else in the account. */
async function leaseOf(holder: string, until: string): Promise<void> {
  let kept: SshKey[] = [];
  await withLease(stack, { name: "node:p:s:n" }, async () => {
    held(holder, until);
    kept = [...keys];
  });
  keys = kept;
}

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: UserError) => error.code,
  );

test("the work is done with the lease in the account, which is gone afterwards, also when the work fails", async () => {
  const seen = await withLease(stack, { name: "node:p:s:n", seconds: 600 }, async () => keys[0]?.name);
  expect(seen).toMatch(/^windlass-lease node:p:s:n \S+\/\d+#\w+ until 2026-05-01T12:10:00.000Z$/);
  expect(keys).toEqual([]);
  await expect(withLease(stack, { name: "x" }, async () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(keys).toEqual([]);
});

test("of two that ask at the same time one works, the other is told who; another name is free", async () => {
  const order: string[] = [];
  const first = withLease(stack, { name: "node:p:s:n" }, async () => {
    expect(await refusal(withLease(stack, { name: "node:p:s:n" }, async () => order.push("second")))).toBe(
      "StackLocked",
    );
    await withLease(stack, { name: "node:p:s:other" }, async () => order.push("other"));
    order.push("first");
  });
  await first;
  expect(order).toEqual(["other", "first"]);
});

test("a lease of another machine counts until it ends", async () => {
  await leaseOf("elsewhere/77", "2026-05-01T12:30:00.000Z");
  expect(await refusal(withLease(stack, { name: "node:p:s:n" }, async () => {}))).toBe("StackLocked");
  expect(await leases(stack)).toMatchObject([{ holder: "elsewhere/77", live: true }]);
  now = Date.parse("2026-05-01T12:30:01Z");
  expect(await withLease(stack, { name: "node:p:s:n" }, async () => "mine")).toBe("mine");
  expect(keys).toEqual([]);
});

test("a lease of a dead process of this machine is taken over at once, and one on request", async () => {
  await leaseOf(`${hostname()}/4194999`, "2026-05-01T12:30:00.000Z");
  expect(await withLease(stack, { name: "node:p:s:n" }, async () => "mine")).toBe("mine");
  await leaseOf("elsewhere/77", "2026-05-01T12:30:00.000Z");
  expect(await withLease(stack, { name: "node:p:s:n", breakLease: true }, async () => "mine")).toBe("mine");
});

test("a lease of this very process that nobody here holds was left behind by a kill", async () => {
  await leaseOf(`${hostname()}/${process.pid}`, "2026-05-01T12:30:00.000Z");
  expect(await withLease(stack, { name: "node:p:s:n" }, async () => "mine")).toBe("mine");
});

test("an answer that was lost after the lease was made is found to be ours", async () => {
  const { createSshKey } = stack.cloud;
  stack.cloud.createSshKey = async (key) => {
    await createSshKey(key);
    throw Object.assign(new Error("lost"), { status: 0 });
  };
  expect(await withLease(stack, { name: "node:p:s:n" }, async () => keys.length)).toBe(1);
  expect(keys).toEqual([]);
});
