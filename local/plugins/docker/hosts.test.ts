import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type EngineError, engineError } from "./errors.ts";
import { knownHostKey, sshOptionsOf } from "./known-hosts.ts";
import { operation } from "./operation.ts";
import { settingsOf } from "./settings.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "windlass-hosts-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("settings come from the program, then from the environment of the docker command", () => {
  expect(settingsOf({}, {}).host).toBe("unix:///var/run/docker.sock");
  expect(settingsOf({}, { DOCKER_HOST: "tcp://a:1" }).host).toBe("tcp://a:1");
  const given = { host: "ssh://root@nas", sshOpts: '["-p","2222"]', registryAuth: '[{"address":"ghcr.io"}]' };
  expect(settingsOf(given, { DOCKER_HOST: "tcp://a:1" })).toMatchObject({
    host: "ssh://root@nas",
    sshOpts: ["-p", "2222"],
    registryAuth: [{ address: "ghcr.io" }],
  });
  expect(settingsOf({ host: "tcp://a:1", caMaterial: "CA" }, {}).tls).toEqual({ ca: "CA" });
  expect(() => settingsOf({ certPath: dir }, {})).toThrow(/ca.pem cannot be read \(ENOENT\)/);
  expect(() => settingsOf({ context: "none" }, { DOCKER_CONFIG: dir })).toThrow('docker context "none" cannot be read');
});

test("ssh options are read as ssh reads them, and one that is not understood is refused", () => {
  expect(
    sshOptionsOf(["-i", "/k", "-p", "22", "-o", "StrictHostKeyChecking=no", "-oUserKnownHostsFile=/a /b"]),
  ).toEqual({
    identityFile: "/k",
    port: 22,
    strict: false,
    knownHostsFiles: ["/a", "/b"],
  });
  expect(() => sshOptionsOf(["-o", "ProxyJump=x"])).toThrow("the option ProxyJump is not understood");
  expect(() => sshOptionsOf(["-J", "x"])).toThrow('"-J" is not understood');
});

test("a host's key is found by name, by port and behind a hash; the strongest is taken", () => {
  const file = join(dir, "known_hosts");
  const salt = Buffer.from("01234567890123456789");
  const hash = createHmac("sha1", salt).update("hidden").digest("base64");
  const lines = [
    "# a comment",
    "nas,192.0.2.1 ssh-rsa AAAArsa",
    "nas ssh-ed25519 AAAAed comment",
    "@revoked nas ecdsa-sha2-nistp256 AAAAno",
    "[nas]:2222 ssh-rsa AAAAport",
    `|1|${salt.toString("base64")}|${hash} ssh-rsa AAAAhidden`,
  ];
  writeFileSync(file, lines.join("\n"));
  const key = (host: string, port = 22) => knownHostKey([join(dir, "none"), file], host, port);
  expect([key("nas"), key("192.0.2.1"), key("nas", 2222), key("hidden"), key("na"), key("hidden", 2222)]).toEqual([
    "ssh-ed25519 AAAAed",
    "ssh-rsa AAAArsa",
    "ssh-rsa AAAAport",
    "ssh-rsa AAAAhidden",
    undefined,
    undefined,
  ]);
});

test.each<[{ statusCode?: number; json?: { message: string }; code?: string; message?: string }, RegExp]>([
  [{ statusCode: 500, json: { message: "write /x: no space left on device" } }, /disk is full: docker system df/],
  [{ statusCode: 404, json: { message: "No such image: a:1" } }, /docker.RemoteImage or docker.Image first/],
  [{ statusCode: 500, json: { message: "driver failed: port is already allocated" } }, /publish another port/],
  [{ code: "ECONNREFUSED", message: "connect" }, /engine at tcp:\/\/nas cannot be reached \(ECONNREFUSED\)/],
  [{ code: "EACCES", message: "connect" }, /does not let this user in/],
  [{ code: "SELF_SIGNED_CERT_IN_CHAIN", message: "self-signed" }, /compare caMaterial/],
])("%j is said with what to do", (raw, text) => {
  const error = engineError(Object.assign(new Error(raw.json?.message ?? raw.message), raw), "do it", "tcp://nas");
  expect(error.message).toMatch(text);
  expect(error.message).toMatch(/^do it: /);
});

test("only a lost answer is unclear", () => {
  const unclear = (raw: object) => (engineError(Object.assign(new Error("x"), raw), "do", "p") as EngineError).unclear;
  expect([{ code: "ECONNRESET" }, { message: "socket hang up" }].map(unclear)).toEqual([true, true]);
  expect([{ code: "ECONNREFUSED" }, { statusCode: 500, json: { message: "no" } }].map(unclear)).toEqual([false, false]);
});

test("an operation knows what it has made, and whether that is what is asked for now", () => {
  const one = operation("urn:a", { Image: "x" });
  expect(one.made(one.labels)).toEqual({ asked: true });
  expect(operation("urn:a", { Image: "y" }).made(one.labels)).toEqual({ asked: false });
  expect(operation("urn:b", { Image: "x" }).made(one.labels)).toBeUndefined();
  expect([one.made({}), one.made(null)]).toEqual([undefined, undefined]);
});
