import { expect, test } from "vitest";
import { UNKNOWN as unknown } from "../../domain/cost/inputs.ts";
import { declared, said } from "../testing/stack.ts";
import { rule } from "./separate-keys.ts";

/** A key and its fingerprints as ssh-keygen tells them. */
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE4KxzrZJ9YJsGJkqpHV4jiXdeE3dytR0OIutpwJfLQ1";
const SHA256 = "SHA256:dPAIqNROHJpn7Zcrqqcdo3I63QYAmw6RXnsHyFwWz9M";
const MD5 = "97:1f:2d:ec:d9:6f:f0:4a:97:00:46:5c:b8:2d:42:44";

const judge = (word: string, inputs: Record<string, unknown>, ...prod: string[]) =>
  said(rule, declared(word, "one", inputs), { otherKeys: prod.length > 0 ? { prod } : {} });

test("says nothing until other keys are set", () => {
  expect(judge("sshKey", { publicKey: KEY })).toEqual([]);
  expect(judge("sshKey", { publicKey: unknown })).toEqual([]);
  expect(judge("droplet", { sshKeys: unknown, userData: unknown })).toEqual([]);
});

test.each([KEY, `${KEY} with a comment`, SHA256, `${SHA256}=`, MD5, `MD5:${MD5.toUpperCase()}`])(
  "a public key is found by %s",
  (listed) => {
    const told = [`publicKey holds ${SHA256}, a key of prod too`];
    expect(judge("sshKey", { publicKey: `${KEY} mine` }, listed)).toEqual(told);
    expect(judge("sshKey", { publicKey: `${KEY}\n` }, listed)).toEqual(told);
  },
);

test("a droplet's key is found by its fingerprint and its number", () => {
  expect(judge("droplet", { sshKeys: ["7", MD5] }, KEY)).toEqual([`sshKeys[1] (${MD5}) is a key of prod too`]);
  expect(judge("droplet", { sshKeys: [7] }, "7")).toEqual(["sshKeys[0] (7) is a key of prod too"]);
  expect(judge("droplet", { sshKeys: ["7"] }, "77", KEY)).toEqual([]);
  expect(judge("dropletAutoscale", { dropletTemplate: { sshKeys: [MD5] } }, MD5)).toEqual([
    `dropletTemplate.sshKeys[0] (${MD5}) is a key of prod too`,
  ]);
});

test("user data holds keys too, packed or not", () => {
  const packed = Buffer.from(`${KEY} prod\n`).toString("base64");
  for (const text of [KEY, packed]) {
    const userData = `#cloud-config\nwrite_files:\n  - content: ${text}\n`;
    expect(judge("droplet", { userData }, SHA256)).toEqual([`userData holds ${SHA256}, a key of prod too`]);
  }
});

test("what is not known may be shared, but for one key that this update makes", () => {
  expect(judge("sshKey", { publicKey: unknown }, KEY)).toHaveLength(1);
  expect(judge("droplet", { sshKeys: unknown }, KEY)).toHaveLength(1);
  expect(judge("droplet", { userData: unknown }, KEY)).toHaveLength(1);
  expect(judge("dropletAutoscale", { dropletTemplate: unknown }, KEY)).toHaveLength(1);
  expect(judge("droplet", { sshKeys: [unknown] }, KEY)).toEqual([]);
});

test.each(["prod", "", "SHA256:short", "97:1f", "ssh-ed25519 nonsense"])("%j is no key to compare with", (text) => {
  expect(rule.settings.safeParse({ otherKeys: { prod: [text] } }).error?.issues[0]?.message).toBe(
    "neither a public key, nor a fingerprint, nor the number of a key",
  );
});
