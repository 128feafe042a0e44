import { expect, test } from "vitest";
import type { StackConfig } from "../../stacks/config.ts";
import type { ResourceState } from "../checkpoint.ts";
import { type CloudFacts, checkAccount, checkDropletLimit, checkImage, checkSize } from "./cloud.ts";
import { type Finding, refuseFailed, type Subject } from "./index.ts";
import { checkVolume } from "./volume.ts";

const config = {
  gpuSize: "gpu-h100x1-80gb",
  gpuRegion: "tor1",
  image: "gpu-h100x1-base",
  nodeName: "train-001",
  volumeName: "data",
  volumeSizeGiB: 500,
} as StackConfig;

const droplet: ResourceState = {
  urn: "u",
  type: "digitalocean:index/droplet:Droplet",
  custom: true,
  id: "7",
  inputs: { size: "gpu-h100x1-80gb", region: "tor1" },
};

function subject(more: Partial<StackConfig> = {}, resources: ResourceState[] = []): Subject {
  return { target: { stack: "dev", cloud: "local" } as Subject["target"], config: { ...config, ...more }, resources };
}

const volume = (more: object = {}) => ({
  ...{ id: "v-1", name: "data", region: { slug: "tor1" }, size_gigabytes: 500, droplet_ids: [], tags: [] },
  ...more,
});

function facts(more: object = {}): CloudFacts {
  const size = {
    slug: "gpu-h100x1-80gb",
    available: true,
    regions: ["tor1", "nyc2"],
    price_hourly: 3.39,
    priceHourly: 3.39,
    gpu_info: {},
  };
  const account = { status: "active", email: "me@example.com", droplet_limit: 3, volume_limit: 2 };
  const image = { regions: ["tor1"] };
  return { account, sizes: [size], image, droplets: [], volumes: [], ...more } as unknown as CloudFacts;
}

test("an account must be active", () => {
  expect(checkAccount(facts()).state).toBe("ok");
  const locked = { account: { status: "locked", email: "me@example.com", status_message: "unpaid" } };
  expect(checkAccount(facts(locked))).toMatchObject({
    state: "failed",
    text: "account me@example.com is locked: unpaid",
  });
});

test("limits count only for what is still to be made", () => {
  const full = facts({ droplets: [{}, {}, {}], volumes: [volume({ name: "a" }), volume({ name: "b" })] });
  expect(checkDropletLimit(subject(), full)).toMatchObject({ state: "failed", text: "3 of 3 droplets in use" });
  expect(checkDropletLimit(subject({}, [droplet]), full).state).toBe("ok");
  expect(checkVolume(subject(), full)).toMatchObject({ state: "failed", text: "2 of 2 volumes in use" });
});

test.each([
  ["unknown", { gpuSize: "gpu-h100x1-80bg" }, {}, "did you mean windlass:gpuSize gpu-h100x1-80gb?"],
  ["elsewhere", { gpuRegion: "sgp1" }, {}, "tor1, nyc2"],
  ["nowhere", {}, { sizes: [{ slug: "gpu-h100x1-80gb", available: true, regions: [] }] }, "try later"],
])("a size that is %s is refused with what to do", (_, more, has, fix) => {
  const finding = checkSize(subject(more), facts(has));
  expect(finding).toMatchObject({ state: "failed", code: "ProvisionFailed", details: { resource: "droplet" } });
  expect(finding.fix).toContain(fix);
});

test("a node that stands keeps its size and image even where new ones cannot be had", () => {
  const gone = facts({ sizes: [], image: undefined });
  expect(checkSize(subject({}, [droplet]), gone).state).toBe("ok");
  expect(checkImage(subject({}, [droplet]), gone).state).toBe("ok");
  expect(checkImage(subject(), gone)).toMatchObject({ state: "failed", text: "image gpu-h100x1-base does not exist" });
});

test.each([
  ["is made when there is none", [], {}, "will be made, 500 GiB"],
  ["is reused", [volume()], {}, "is reused"],
  ["grows", [volume({ size_gigabytes: 100 })], {}, "to grow by 400 GiB"],
  ["hangs on our own droplet, which the state does not know yet", [volume({ droplet_ids: [9] })], {}, "is reused"],
])("a volume %s", (_, volumes, more, text) => {
  const own = { id: 9, name: "train-001", tags: ["windlass-stack:dev"] };
  const finding = checkVolume(subject(more), facts({ volumes, droplets: [own] }));
  expect(finding.state).toBe("ok");
  expect(finding.text).toContain(text);
});

test.each([
  ["shrink", [volume({ size_gigabytes: 600 })], {}, "600 or more"],
  ["leave its region", [volume({ region: { slug: "ams3" } })], {}, "gpuRegion to ams3"],
  ["have another id than the one asked for", [volume()], { volumeId: "v-2" }, "volumeId to v-1"],
  ["be found by an id that is not there", [], { volumeId: "v-2" }, "make a new volume"],
])("a volume cannot %s", (_, volumes, more, fix) => {
  const finding = checkVolume(subject(more), facts({ volumes }));
  expect(finding.state).toBe("failed");
  expect(finding.fix).toContain(fix);
});

test("a volume on another droplet is VolumeAttachFailed, with both ids", () => {
  const other = { id: 9, name: "theirs", tags: [] };
  const finding = checkVolume(subject(), facts({ volumes: [volume({ droplet_ids: [9] })], droplets: [other] }));
  expect(finding).toMatchObject({ code: "VolumeAttachFailed", details: { volume_id: "v-1", droplet_id: 9 } });
});

test("one failed check is its own error; several are one with a list", () => {
  const failed = (name: string, code?: Finding["code"]): Finding => ({
    name,
    state: "failed",
    text: name,
    ...(code ? { code } : {}),
  });
  const thrown = (...checks: Finding[]) => {
    try {
      refuseFailed(checks);
    } catch (error) {
      return error;
    }
  };
  expect(thrown({ name: "a", state: "ok", text: "" })).toBeUndefined();
  expect(thrown(failed("size", "ProvisionFailed"))).toMatchObject({ code: "ProvisionFailed", exitCode: 1 });
  const both = thrown(failed("size", "ProvisionFailed"), failed("image"));
  expect(both).toMatchObject({
    code: "PrecheckFailed",
    exitCode: 1,
    details: { checks: [{ check: "size" }, { check: "image" }] },
  });
});
