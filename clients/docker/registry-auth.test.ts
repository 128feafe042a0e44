import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { registryLogin, registryOf } from "./registry-auth.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "registry-auth-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const config = (text: string) => writeFileSync(join(folder, "config.json"), text);
const login = (image: string) => registryLogin(image, { DOCKER_CONFIG: folder, PATH: `${folder}:${process.env.PATH}` });

test.each([
  ["redis", "docker.io"],
  ["library/redis:7", "docker.io"],
  ["ghcr.io/a/b@sha256:1", "ghcr.io"],
  ["localhost/a", "localhost"],
  ["nas:5000/a", "nas:5000"],
  ["index.docker.io/a/b", "docker.io"],
])("%s is of %s", (image, registry) => {
  expect(registryOf(image)).toBe(registry);
});

test("logins in docker's file, by registry; Docker Hub under its old address", async () => {
  const auth = (text: string) => ({ auth: Buffer.from(text).toString("base64") });
  const hub = "https://index.docker.io/v1/";
  config(JSON.stringify({ auths: { [hub]: auth("me:a:b"), "https://ghcr.io/v2/": auth("you:c") } }));
  expect(await login("redis:7")).toEqual({ username: "me", password: "a:b", serveraddress: hub });
  expect(await login("ghcr.io/x/y")).toMatchObject({ username: "you", password: "c" });
  expect(await login("quay.io/x/y")).toBeUndefined();
});

test("a credential helper is asked for its registry; one that knows nothing leaves the file", async () => {
  const helper = join(folder, "docker-credential-own");
  const answer = '{"Username":"helped","Secret":"s"}';
  writeFileSync(helper, `#!/bin/sh\nread at\n[ "$at" = registry.digitalocean.com ] && echo '${answer}' || exit 1\n`);
  chmodSync(helper, 0o755);
  const auths = { "ghcr.io": { auth: Buffer.from("you:c").toString("base64") } };
  config(JSON.stringify({ auths, credHelpers: { "registry.digitalocean.com": "own" }, credsStore: "none-such" }));
  expect(await login("registry.digitalocean.com/shop/web:1")).toMatchObject({ username: "helped", password: "s" });
  expect(await login("ghcr.io/x/y")).toMatchObject({ username: "you" });
});

test("no file is no login; a broken one is told by its path", async () => {
  expect(await login("redis")).toBeUndefined();
  config("{");
  await expect(login("redis")).rejects.toMatchObject({
    code: "ConfigInvalid",
    details: { file: join(folder, "config.json") },
  });
});
