import { createHash } from "node:crypto";
import { type CloudState, FIRST_ID } from "../cloud.ts";
import type { SshKey } from "../objects.ts";
import { type Call, notFound, page, type Route, text, unprocessable } from "../wire.ts";

/** SSH keys of the account: `/v2/account/keys`, by id or fingerprint. */
export function keyRoutes(cloud: CloudState): Route[] {
  const { store } = cloud;
  const path = "/v2/account/keys";
  return [
    {
      method: "GET",
      path,
      status: 200,
      handle: (call) => {
        const { items, envelope } = page(call, store.keys.count(), (range) => store.keys.list({}, range));
        return { ssh_keys: items.map(view), ...envelope };
      },
    },
    { method: "POST", path, status: 201, handle: (call) => ({ ssh_key: view(create(cloud, call)) }) },
    { method: "GET", path: `${path}/:key`, status: 200, handle: (call) => ({ ssh_key: view(existing(cloud, call)) }) },
    {
      method: "PUT",
      path: `${path}/:key`,
      status: 200,
      handle: (call) => {
        const key = existing(cloud, call);
        return { ssh_key: view(store.keys.put({ ...key, name: text(call.body, "name") })) };
      },
    },
    {
      method: "DELETE",
      path: `${path}/:key`,
      status: 204,
      handle: (call) => store.keys.delete(existing(cloud, call).id),
    },
  ];
}

/** By id (number or text) or by fingerprint. */
export function findKey({ store }: CloudState, reference: string | number): SshKey | undefined {
  const id = Number(reference);
  return Number.isInteger(id) ? store.keys.get(id) : store.keys.first({ fingerprint: String(reference) });
}

/** MD5 of the key's bytes, in pairs: the form DigitalOcean uses. Undefined where the line is no public key. */
export function fingerprintOf(publicKey: string): string | undefined {
  const [type = "", data = ""] = publicKey.trim().split(/\s+/);
  const bytes = Buffer.from(data, "base64");
  const length = bytes.length > 4 ? bytes.readUInt32BE(0) : 0;
  if (type === "" || bytes.subarray(4, 4 + length).toString() !== type) return undefined;
  return createHash("md5").update(bytes).digest("hex").match(/../g)?.join(":");
}

function create(cloud: CloudState, { body }: Call): SshKey {
  const { store } = cloud;
  const name = text(body, "name");
  const publicKey = text(body, "public_key").trim();
  const fingerprint = fingerprintOf(publicKey);
  if (!fingerprint) throw unprocessable("Key invalid, key must be in OpenSSH format: type key [comment]");
  if (store.keys.first({ fingerprint })) throw unprocessable("SSH Key is already in use on your account");
  return store.keys.put({ id: store.nextId("key", FIRST_ID.key), name, publicKey, fingerprint });
}

function existing(cloud: CloudState, { params }: Call): SshKey {
  const key = findKey(cloud, params["key"] as string);
  if (!key) throw notFound();
  return key;
}

function view(key: SshKey) {
  return { id: key.id, fingerprint: key.fingerprint, public_key: key.publicKey, name: key.name };
}
