import { expect, test } from "vitest";
import { membersOf, testAgainstSdk } from "../testing/sdk.ts";
import { TYPES } from "./types/index.ts";

const SDK = "@pulumi/cloudflare";
testAgainstSdk(SDK, TYPES.values(), (type) => Object.keys(type.reads));

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
