import type { Properties } from "../../engine/values.ts";
import type { Json } from "../../rest/api.ts";
import { unlessGone } from "../../rest/errors.ts";
import { createOnce, unmarked } from "../../rest/once.ts";
import type { Cloud, Made, RestType } from "../../rest/type.ts";
import { removeUntil } from "../paths.ts";

/** Members leave a VPC some time after they are deleted. */
const MEMBER_SECONDS = 2 * 60;

const CIDR = /^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/;

export const vpc: RestType = {
  token: "digitalocean:index/vpc:Vpc",
  noun: "VPC",
  name: { maxLength: 255 },
  inputs: {
    region: { type: "string", required: true, replaces: true, nonEmpty: true },
    name: { type: "string", required: true, nonEmpty: true },
    description: { type: "string" },
    ipRange: {
      type: "string",
      computed: true,
      replaces: true,
      pattern: { test: CIDR, reason: "expected ip_range to be a valid IPv4 range, as in 10.10.0.0/20" },
    },
  },
  reads: {
    name: "name",
    region: "region",
    description: (object) => object.description ?? "",
    ipRange: "ip_range",
    vpcUrn: "urn",
    default: "default",
    createdAt: (object) => goTime(object.created_at),
  },
  create,
  find: (cloud, id) => unlessGone(async () => (await cloud.get(`/v2/vpcs/${id}`)).vpc),
  steps: [
    {
      inputs: ["name", "description"],
      async run(cloud, id, inputs, state) {
        const { name, description = "" } = inputs;
        await cloud.put(`/v2/vpcs/${id}`, { name, description, default: state.default === true });
      },
    },
  ],
  remove: (cloud, id) =>
    removeUntil(cloud, `/v2/vpcs/${id}`, { refusals: [403, 409], seconds: MEMBER_SECONDS, why: "it has members" }),
};

/** As the official plugin shows it: `2026-11-21 01:02:03 +0000 UTC`. */
export function goTime(iso: string): string {
  const [day, time = ""] = new Date(iso).toISOString().split("T");
  return `${day} ${time.replace("Z", "").replace(/\.?0*$/, (zeros) => (zeros.startsWith(".") ? "" : zeros))} +0000 UTC`;
}

/** One with the same name that was there before is somebody else's, and the API refuses a second. */
async function create(cloud: Cloud, inputs: Properties): Promise<Made> {
  const asked = { name: inputs.name, region: inputs.region, description: inputs.description, ip_range: inputs.ipRange };
  const object = await createOnce({
    what: `VPC "${inputs.name}"`,
    make: async () => (await cloud.post("/v2/vpcs", asked)).vpc,
    candidates: async () => (await cloud.list("/v2/vpcs", "vpcs")).filter((one) => one.name === inputs.name),
    differs: (one: Json) => (one.region === inputs.region ? undefined : `region is ${one.region}`),
    remove: (one) => cloud.remove(`/v2/vpcs/${one.id}`),
    ...unmarked(cloud),
  });
  return { id: object.id, object };
}
