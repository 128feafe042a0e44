import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ensureKeyPair, keyFingerprint, readKeyPair } from "./key.ts";

const folder = () => mkdtempSync(join(tmpdir(), "windlass-key-"));

test("a pair is made once, for its owner alone, and ssh-keygen agrees on its fingerprint", () => {
  const path = join(folder(), "keys", "dev");
  const pair = ensureKeyPair(path, "windlass dev");
  expect(ensureKeyPair(path, "windlass dev")).toEqual(pair);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(`${path}.pub`, "utf8")).toContain(pair.publicKey);
  expect(execFileSync("ssh-keygen", ["-lf", path], { encoding: "utf8" })).toContain(keyFingerprint(pair.publicKey));
});

test("a pair of ssh-keygen is read", () => {
  const path = join(folder(), "key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path]);
  expect(readFileSync(`${path}.pub`, "utf8")).toContain(readKeyPair(path).publicKey);
});

test("what is no usable key is refused with what to do", () => {
  const root = folder();
  expect(() => readKeyPair(join(root, "none"))).toThrow(/no readable file; make one with: ssh-keygen/);
  writeFileSync(join(root, "text"), "hello");
  expect(() => readKeyPair(join(root, "text"))).toThrow(/not a private key/);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "secret", "-f", join(root, "locked")]);
  expect(() => readKeyPair(join(root, "locked"))).toThrow(/locked with a passphrase/);
  expect(() => readKeyPair(join(root, "locked.pub"))).toThrow(/public key/);
});

test("every pair that is made can be read", () => {
  const keys = folder();
  for (let i = 0; i < 400; i++) expect(ensureKeyPair(join(keys, String(i)), "a").publicKey).toMatch(/^ssh-ed25519 /);
});
