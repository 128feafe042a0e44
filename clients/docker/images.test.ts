import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openEngine } from "./engine.ts";
import { pullImage, pullLayers } from "./images.ts";

let folder: string;
let server: Server | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "images-"));
});
afterEach(() => {
  server?.close();
  rmSync(folder, { recursive: true });
});

/** An engine that answers a pull so; a text is in the stream of a pull that has begun. Answers with what was asked for. */
async function pull(name: string, answer: { status: number; message: string }): Promise<string> {
  const host = `unix://${join(folder, "engine.sock")}`;
  let asked = "";
  server = createServer((request, response) => {
    asked = `${request.url}`;
    response.writeHead(answer.status, { "content-type": "application/json" });
    const error = { error: answer.message, errorDetail: { message: answer.message } };
    response.end(`${JSON.stringify(answer.status === 200 ? error : { message: answer.message })}\r\n`);
  });
  await new Promise<void>((ready) => server?.listen(join(folder, "engine.sock"), ready));
  const options = { environment: { DOCKER_CONFIG: folder } };
  await pullImage(openEngine({ host }), { host }, name, options).catch((error: Error & { code?: string }) => {
    throw Object.assign(new Error(`${error.code}: ${error.message}`), { asked });
  });
  return asked;
}

test.each([
  [
    500,
    "toomanyrequests: You have reached your pull rate limit",
    /docker\.io refuses more pulls.*docker login docker\.io/,
  ],
  [500, 'Get "https://nas:5000/v2/": dial tcp: lookup nas: no such host', /registry docker\.io cannot be reached from/],
  [
    404,
    "manifest for a:1 not found: manifest unknown: manifest unknown",
    /docker\.io has no image a:1 \(.*check its name/,
  ],
  [
    404,
    "pull access denied for a, repository does not exist or may require 'docker login': denied",
    /asks for a login/,
  ],
  [500, "no basic auth credentials", /asks for a login.*docker login docker\.io/],
  [
    200,
    "write /var/lib/docker/tmp/GetImageBlob1: no space left on device",
    /disk of the Docker engine at unix:.* is full/,
  ],
  [
    200,
    "no matching manifest for linux/amd64 in the manifest list entries",
    /not there for this engine's kind of machine/,
  ],
  [200, "something else", /a:1 cannot be pulled \(something else\)/],
])("a pull that ends with %s %s is told in words", async (status, message, told) => {
  await expect(pull("a:1", { status, message })).rejects.toThrow(told);
});

test.each([
  ["nas:5000/web", "nas:5000/web", "latest"],
  ["web:2", "web", "2"],
  ["web@sha256:1f", "web", "sha256:1f"],
])("of %s only one tag is asked for, not every one there is", async (name, repository, asksFor) => {
  const { asked } = (await pull(name, { status: 200, message: "x" }).catch((error) => error)) as { asked: string };
  const { fromImage, tag } = Object.fromEntries(new URL(asked, "http://engine").searchParams);
  expect([fromImage, tag]).toEqual([repository, asksFor]);
});

test("what the engine tells of layers is added up", () => {
  const tell = pullLayers();
  const seen = [
    tell({ id: "7.4", status: "Pulling from library/redis" }),
    tell({ id: "a", status: "Pulling fs layer" }),
    tell({ id: "b", status: "Already exists" }),
    tell({ id: "a", status: "Downloading", progressDetail: { current: 1024, total: 4096 } }),
    tell({ id: "a", status: "Download complete" }),
    tell({ id: "a", status: "Extracting", progressDetail: { current: 10, total: 4096 } }),
    tell({ id: "a", status: "Pull complete" }),
    tell({ status: "Digest: sha256:1" }),
  ];
  expect(seen).toEqual([
    "",
    "0 of 1 layers",
    "1 of 2 layers",
    "1 of 2 layers, 1.0 KiB of 4.0 KiB",
    "1 of 2 layers, 4.0 KiB of 4.0 KiB",
    "1 of 2 layers, 4.0 KiB of 4.0 KiB",
    "2 of 2 layers, 4.0 KiB of 4.0 KiB",
    "2 of 2 layers, 4.0 KiB of 4.0 KiB",
  ]);
});
