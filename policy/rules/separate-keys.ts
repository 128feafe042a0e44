import { z } from "zod";
import { isUnknown } from "../../domain/cost/inputs.ts";
import { resourceRule } from "../rule.ts";
import { type Fingerprints, keyNames, publicKeysIn } from "../ssh-keys.ts";
import { documents, dropletInputs } from "../user-data.ts";

const key = z
  .string()
  .refine(
    (written) => keyNames(written) !== undefined,
    "neither a public key, nor a fingerprint, nor the number of a key",
  );

const settings = z.object({
  otherKeys: z
    .record(z.string(), z.array(key))
    .default({})
    .describe(
      "Keys of other environments, by the environment's name: public keys, SHA256 or MD5 fingerprints, or numbers",
    ),
});

export const rule = resourceRule({
  id: "separate-keys",
  title: "environments share no ssh keys",
  reason:
    "Whoever gets hold of a key of development, which lies on many laptops, must not get into production with it (NIST SP 800-57 part 1, 5.2: one key, one purpose). Says nothing until the keys of the others are set.",
  fix: "make a key for this environment (ssh-keygen -t ed25519) and give its SshKey to the droplet",
  severity: "high",
  types: ["sshKey", "droplet", "dropletAutoscale"],
  settings,
  judge(resource, { otherKeys }) {
    const owners = ownersOf(otherKeys);
    if (owners.size === 0) return [];
    const { publicKey } = resource.inputs;
    if (resource.type.endsWith(":SshKey")) {
      if (isUnknown(publicKey)) return ["publicKey is not known before the update, and may be another environment's"];
      return shared(typeof publicKey === "string" ? publicKeysIn(publicKey) : [], owners, "publicKey");
    }
    const inputs = dropletInputs(resource);
    if (!inputs) return ["dropletTemplate is not known before the update"];
    const { values, path } = inputs;
    return [
      ...listedKeys(values.sshKeys, owners, `${path}sshKeys`),
      ...userDataKeys(values.userData, owners, `${path}userData`),
    ];
  },
});

type Owners = ReadonlyMap<string, string>;

/** Environments by each way in which one of their keys can be written. */
function ownersOf(otherKeys: Readonly<Record<string, readonly string[]>>): Owners {
  const pairs = Object.entries(otherKeys).flatMap(([environment, keys]) =>
    keys.flatMap((written) => (keyNames(written) ?? []).map((name) => [name, environment] as const)),
  );
  return new Map(pairs);
}

/** A single key that is not known yet is made in this update, and judged as an SshKey by itself. */
function listedKeys(keys: unknown, owners: Owners, path: string): string[] {
  if (isUnknown(keys)) return [`${path} is not known before the update, and may hold another environment's key`];
  if (!Array.isArray(keys)) return [];
  return keys.flatMap((one, index) => {
    const names = isUnknown(one) ? [] : (keyNames(String(one)) ?? []);
    const owner = names.map((name) => owners.get(name)).find((found) => found !== undefined);
    return owner === undefined ? [] : [`${path}[${index}] (${names[0]}) is a key of ${owner} too`];
  });
}

function userDataKeys(userData: unknown, owners: Owners, path: string): string[] {
  if (isUnknown(userData)) return [`${path} is not known before the update, and may hold another environment's key`];
  if (typeof userData !== "string") return [];
  return shared(
    documents(userData).flatMap(({ text }) => publicKeysIn(text)),
    owners,
    path,
  );
}

function shared(keys: readonly Fingerprints[], owners: Owners, path: string): string[] {
  const found = keys.flatMap(({ md5, sha256 }) => {
    const owner = owners.get(md5) ?? owners.get(sha256);
    return owner === undefined ? [] : [`${path} holds ${sha256}, a key of ${owner} too`];
  });
  return [...new Set(found)];
}
