import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";

/** A registry in this process (distribution-spec, as far as an engine's push and pull need it), in memory. */
export interface TestRegistry {
  /** As in `127.0.0.1:41234`, which an engine of this machine speaks plain HTTP to. */
  address: string;
  /** Manifests by `name:tag` and `name@digest`. */
  manifests: Map<string, { type: string; body: Buffer }>;
  close(): void;
}

/** @param login `user:password` that every request must carry */
export async function testRegistry(login?: string): Promise<TestRegistry> {
  const blobs = new Map<string, Buffer>();
  const uploads = new Map<string, Buffer>();
  const manifests: TestRegistry["manifests"] = new Map();
  const digestOf = (body: Buffer) => `sha256:${createHash("sha256").update(body).digest("hex")}`;
  const expected = login && `Basic ${Buffer.from(login).toString("base64")}`;

  async function answer(request: IncomingMessage): Promise<[number, Record<string, string>, Buffer?]> {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://registry");
    if (expected && request.headers.authorization !== expected)
      return [401, { "www-authenticate": 'Basic realm="test"' }];
    if (pathname === "/v2/") return [200, {}];
    const [, name = "", kind = "", what = ""] =
      /^\/v2\/(.+)\/(blobs\/uploads|blobs|manifests)\/(.*)$/.exec(pathname) ?? [];
    const body = await buffer(request);
    if (kind === "blobs/uploads") {
      const id = what || randomUUID();
      const all = Buffer.concat([uploads.get(id) ?? Buffer.alloc(0), body]);
      uploads.set(id, all);
      const location = `/v2/${name}/blobs/uploads/${id}`;
      if (request.method !== "PUT")
        return [202, { location, range: `0-${Math.max(0, all.length - 1)}`, "docker-upload-uuid": id }];
      blobs.set(searchParams.get("digest") ?? "", all);
      return [201, { location, "docker-content-digest": searchParams.get("digest") ?? "" }];
    }
    if (kind === "blobs") {
      const blob = blobs.get(what);
      return blob ? [200, { "content-length": String(blob.length), "docker-content-digest": what }, blob] : [404, {}];
    }
    const key = what.startsWith("sha256:") ? `${name}@${what}` : `${name}:${what}`;
    if (request.method === "PUT") {
      const manifest = { type: request.headers["content-type"] ?? "", body };
      manifests.set(key, manifest).set(`${name}@${digestOf(body)}`, manifest);
      return [201, { "docker-content-digest": digestOf(body) }];
    }
    const found = manifests.get(key);
    if (!found) return [404, {}, Buffer.from('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')];
    if (request.method === "DELETE") {
      for (const [one, manifest] of manifests) if (manifest === found) manifests.delete(one);
      return [202, {}];
    }
    const headers = { "content-type": found.type, "content-length": String(found.body.length) };
    return [200, { ...headers, "docker-content-digest": digestOf(found.body) }, found.body];
  }

  const server = createServer((request, response) => {
    answer(request).then(([status, headers, body]) => {
      response.writeHead(status, { "docker-distribution-api-version": "registry/2.0", ...headers });
      response.end(request.method === "HEAD" ? undefined : body);
    });
  });
  // The engine keeps its connections: one that is closed as it sends would fail its push.
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as { port: number };
  return { address: `127.0.0.1:${port}`, manifests, close: () => void server.close() };
}
