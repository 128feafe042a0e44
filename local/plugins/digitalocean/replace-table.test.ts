import { expect, test } from "vitest";
import { Ledger } from "../engine/ledger.ts";
import type { DiffCall } from "../engine/provider.ts";
import { type Properties, UNKNOWN, type Value } from "../engine/values.ts";
import { resourceOf } from "../rest/resource.ts";
import type { Field } from "../schema/fields.ts";
import { TYPES } from "./types/index.ts";

/**
 * What a change of each input does at the official plugin 4.80.1. From the schema of terraform-provider-digitalocean
 * v2.99.1 (ForceNew) and pulumi-digitalocean (replaceOnChanges), checked 2026-11-20.
 */
const TABLE: Record<string, { replaces: string[]; inPlace: string[] }> = {
  "droplet:Droplet": {
    replaces: [
      ...["dropletAgent", "gpuPartitionMode", "image", "monitoring", "publicNetworking", "region", "sshKeys"],
      ...["userData", "vpcUuid"],
    ],
    inPlace: [
      ...["backupPolicy", "backups", "gracefulShutdown", "ipv6", "ipv6Address", "name", "privateNetworking"],
      ...["resizeDisk", "size", "tags", "volumeIds"],
    ],
  },
  "volume:Volume": {
    replaces: ["description", "initialFilesystemLabel", "initialFilesystemType", "name", "region", "snapshotId"],
    inPlace: ["filesystemType", "size", "tags"],
  },
  "volumeAttachment:VolumeAttachment": { replaces: ["dropletId", "volumeId"], inPlace: [] },
  "volumeSnapshot:VolumeSnapshot": { replaces: ["name", "volumeId"], inPlace: ["tags"] },
  "dropletSnapshot:DropletSnapshot": { replaces: ["dropletId", "name"], inPlace: [] },
  "vpc:Vpc": { replaces: ["ipRange", "region"], inPlace: ["description", "name"] },
  "firewall:Firewall": { replaces: [], inPlace: ["dropletIds", "inboundRules", "name", "outboundRules", "tags"] },
  "reservedIp:ReservedIp": { replaces: ["region"], inPlace: ["dropletId", "ipAddress"] },
  "reservedIpAssignment:ReservedIpAssignment": { replaces: ["dropletId", "ipAddress"], inPlace: [] },
  "sshKey:SshKey": { replaces: ["publicKey"], inPlace: ["name"] },
  "tag:Tag": { replaces: ["name"], inPlace: [] },
  "project:Project": {
    replaces: [],
    inPlace: ["description", "environment", "isDefault", "name", "purpose", "resources"],
  },
  "projectResources:ProjectResources": { replaces: ["project"], inPlace: ["resources"] },
};

const rows = Object.entries(TABLE).flatMap(([token, { replaces, inPlace }]) => [
  ...replaces.map((input) => [token, input, true] as const),
  ...inPlace.map((input) => [token, input, false] as const),
]);

function diff(token: string, state: Properties, inputs: Properties) {
  const resource = resourceOf(typeOf(token), () => ({}) as never, new Ledger());
  const defaults = Object.entries(typeOf(token).inputs).filter(([, field]) => field.default !== undefined);
  const oldOutputs = {
    ...Object.fromEntries(defaults.map(([name, field]) => [name, field.default as Value])),
    ...state,
  };
  const call = { urn: "urn", id: "1", oldInputs: {}, oldOutputs, inputs, ignoreChanges: [] };
  return resource.diff(call as unknown as DiffCall);
}

function typeOf(token: string) {
  const type = TYPES.get(`digitalocean:index/${token}`);
  if (!type) throw new Error(`no type ${token}`);
  return type;
}

/** Two values of a field that are not the same. */
function twoOf(field: Field): [Value, Value] {
  switch (field.type) {
    case "boolean":
      return [false, true];
    case "integer":
    case "number":
      return [1, 2];
    case "set":
      return [[twoOf(field.of as Field)[0]], [twoOf(field.of as Field)[1]]];
    case "object": {
      const fields = Object.entries(field.fields ?? {});
      const side = (index: 0 | 1) => Object.fromEntries(fields.map(([name, part]) => [name, twoOf(part)[index]]));
      return [side(0), side(1)];
    }
    default:
      return [field.values?.[0] ?? "one", field.values?.[1] ?? "two"];
  }
}

test("the table names every type and every input there is", () => {
  const ours = [...TYPES].map(([token, type]) => [
    token.replace("digitalocean:index/", ""),
    Object.keys(type.inputs).sort(),
  ]);
  const table = Object.entries(TABLE).map(([token, row]) => [token, [...row.replaces, ...row.inPlace].sort()]);
  expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(table));
});

test.each(rows)("%s: a change of %s replaces: %s", (token, input, replaces) => {
  const [before, after] = twoOf(typeOf(token).inputs[input] as Field);
  const { changes } = diff(token, { [input]: before }, { [input]: after });
  expect(changes.length).toBeGreaterThan(0);
  expect(changes.map((change) => change.replaces)).toEqual(changes.map(() => replaces));
});

test.each(rows)("%s: the same %s is no change", (token, input) => {
  const [value] = twoOf(typeOf(token).inputs[input] as Field);
  const kept = typeOf(token).inputs[input]?.stored === "sha1" ? "fe05bcdcdc4928012781a5f1a2a77cbb5398e106" : value;
  expect(diff(token, { [input]: kept }, { [input]: value }).changes).toEqual([]);
});

test("ipv6 can be switched on in place, but not off", () => {
  expect(diff("droplet:Droplet", { ipv6: true }, { ipv6: false }).changes).toMatchObject([
    { path: "ipv6", replaces: true },
  ]);
});

test("an unknown value of an input that replaces plans a replacement", () => {
  const { changes } = diff(
    "volumeAttachment:VolumeAttachment",
    { dropletId: 1, volumeId: "v" },
    { dropletId: UNKNOWN, volumeId: "v" },
  );
  expect(changes).toEqual([{ path: "dropletId", kind: "update", replaces: true }]);
});

test("a name that was given makes the old one go first; a made-up one does not", () => {
  const state = { name: "web", image: "a" };
  expect(diff("droplet:Droplet", state, { name: "web", image: "b", __defaults: [] }).deleteBeforeReplace).toBe(true);
  expect(diff("droplet:Droplet", state, { name: "web", image: "b", __defaults: ["name"] }).deleteBeforeReplace).toBe(
    false,
  );
  expect(diff("droplet:Droplet", state, { name: "other", image: "a", __defaults: [] }).deleteBeforeReplace).toBe(false);
});
