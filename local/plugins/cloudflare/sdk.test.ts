import { expect, test } from "vitest";
import { fileOf, membersOf } from "../testing/sdk-members.ts";
import { TYPES } from "./types/index.ts";

const SDK = "@pulumi/cloudflare";
const types = [...TYPES.values()].map((type) => [type.token.split(":").at(-1) as string, type] as const);

test.each(types)("%s has the SDK's inputs, and requires what the SDK requires", (name, type) => {
  const args = membersOf(SDK, fileOf(name), `export interface ${name}Args`);
  expect(Object.keys(type.inputs).sort()).toEqual(Object.keys(args).sort());
  const required = Object.keys(args).filter((key) => !args[key]);
  expect(Object.keys(type.inputs).filter((key) => type.inputs[key]?.required)).toEqual(required);
});

test.each(types)("%s gives every output the SDK has", (name, type) => {
  const outputs = Object.keys(membersOf(SDK, fileOf(name), `export declare class ${name}`));
  expect(outputs.length).toBeGreaterThan(0);
  const given = new Set([...Object.keys(type.inputs), ...Object.keys(type.reads)]);
  expect(outputs.filter((key) => !given.has(key))).toEqual([]);
});

/** The fields of a nested input in the SDK's types, against ours. */
test.each([
  ["ZeroTrustTunnelCloudflaredConfigConfig", (fields: any) => fields],
  ["ZeroTrustTunnelCloudflaredConfigConfigIngress", (fields: any) => fields.ingresses.of.fields],
  ["ZeroTrustTunnelCloudflaredConfigConfigOriginRequest", (fields: any) => fields.originRequest.fields],
  [
    "ZeroTrustTunnelCloudflaredConfigConfigOriginRequestAccess",
    (fields: any) => fields.originRequest.fields.access.fields,
  ],
])("%s has the SDK's fields", (name, pick) => {
  const config = TYPES.get("cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig");
  const args = membersOf(SDK, "types/input", `export interface ${name}`);
  expect(Object.keys(pick(config?.inputs.config?.fields)).sort()).toEqual(Object.keys(args).sort());
});
