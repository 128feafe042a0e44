import { createHash } from "node:crypto";
import type { Properties } from "../../engine/values.ts";
import type { Json } from "../../rest/api.ts";
import { unlessGone } from "../../rest/errors.ts";
import { createOnce, unmarked } from "../../rest/once.ts";
import { type Cloud, type Made, type RestType, wait } from "../../rest/type.ts";
import { removeNow } from "../paths.ts";

/** A new key may not be found for a while. */
const CREATE_SECONDS = 2 * 60;

export const sshKey: RestType = {
  token: "digitalocean:index/sshKey:SshKey",
  noun: "SSH key",
  name: { maxLength: 255 },
  inputs: {
    name: { type: "string", required: true, nonEmpty: true },
    publicKey: { type: "string", required: true, replaces: true, nonEmpty: true, compare: "trim" },
  },
  reads: { name: "name", publicKey: "public_key", fingerprint: "fingerprint" },
  create,
  async settle(cloud, { id }) {
    await wait(cloud, `SSH key ${id}`, CREATE_SECONDS, async () => ({
      state: "not found",
      done: await key(cloud, id),
    }));
  },
  find: (cloud, id) => key(cloud, id),
  steps: [
    {
      inputs: ["name"],
      run: async (cloud, id, { name }) => void (await cloud.put(`/v2/account/keys/${id}`, { name })),
    },
  ],
  remove: (cloud, id) => removeNow(cloud, `/v2/account/keys/${id}`),
};

function key(cloud: Cloud, idOrFingerprint: string): Promise<Json | undefined> {
  return unlessGone(async () => (await cloud.get(`/v2/account/keys/${idOrFingerprint}`)).ssh_key);
}

/** MD5 of the key's binary part, by which the API knows it; undefined when it is no key in OpenSSH form. */
export function fingerprint(publicKey: string): string | undefined {
  const binary = publicKey.trim().split(/\s+/)[1];
  if (!binary) return undefined;
  return createHash("md5")
    .update(Buffer.from(binary, "base64"))
    .digest("hex")
    .replace(/..(?!$)/g, "$&:");
}

/** A key can be in an account once; one that was there before is somebody else's. */
async function create(cloud: Cloud, inputs: Properties): Promise<Made> {
  const print = fingerprint(String(inputs.publicKey));
  const object = await createOnce({
    what: `SSH key "${inputs.name}"`,
    make: async () =>
      (await cloud.post("/v2/account/keys", { name: inputs.name, public_key: inputs.publicKey })).ssh_key,
    candidates: async () => {
      const found = print && (await key(cloud, print));
      return found ? [found] : [];
    },
    differs: (one) => (one.name === inputs.name ? undefined : `name is ${one.name}`),
    remove: (one) => cloud.remove(`/v2/account/keys/${one.id}`),
    ...unmarked(cloud),
  });
  return { id: String(object.id), object };
}
