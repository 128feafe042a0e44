import type { ContainerInspectInfo } from "dockerode";
import { expect, test } from "vitest";
import type { Properties } from "../../engine/values.ts";
import { createBody } from "./body.ts";
import { durationText, nanoseconds } from "./duration.ts";
import { gpuRequest, gpusText } from "./gpus.ts";
import { plainText } from "./logs.ts";
import { observedContainer } from "./observed.ts";

/** Inputs that the engine tells again as they were given. */
const TOLD: Properties = {
  name: "web",
  image: "app:1",
  command: ["serve", "--fast"],
  entrypoints: ["/entry"],
  envs: ["A=1", "B=2"],
  labels: [{ label: "a", value: "b" }],
  user: "1000",
  workingDir: "/srv",
  hostname: "web",
  domainname: "example.org",
  tty: true,
  stdinOpen: false,
  stopSignal: "SIGINT",
  stopTimeout: 30,
  restart: "on-failure",
  maxRetryCount: 3,
  rm: false,
  readOnly: true,
  privileged: true,
  publishAllPorts: true,
  networkMode: "back",
  ports: [
    { internal: 80, external: 8080, ip: "127.0.0.1", protocol: "tcp" },
    { internal: 53, external: 5353, ip: "0.0.0.0", protocol: "udp" },
  ],
  hosts: [
    { host: "db", ip: "10.0.0.2" },
    { host: "six", ip: "fe80::1" },
  ],
  dns: ["1.1.1.1"],
  dnsOpts: ["ndots:1"],
  dnsSearches: ["example.org"],
  capabilities: { adds: ["NET_ADMIN"], drops: ["ALL"] },
  securityOpts: ["no-new-privileges"],
  sysctls: { "net.core.somaxconn": "1024" },
  storageOpts: { size: "10G" },
  logDriver: "json-file",
  logOpts: { "max-size": "10m" },
  init: true,
  ipcMode: "host",
  pidMode: "host",
  usernsMode: "host",
  cgroupParent: "/slice",
  groupAdds: ["video"],
  runtime: "nvidia",
  shmSize: 256,
  tmpfs: { "/run": "size=10m" },
  ulimits: [{ name: "memlock", soft: -1, hard: -1 }],
  devices: [{ hostPath: "/dev/fuse", containerPath: "/dev/fuse", permissions: "rwm" }],
  deviceCgroupRules: ["b 7:* rmw"],
  gpus: "device=0,2",
  volumes: [
    { hostPath: "/srv/data", containerPath: "/data", readOnly: true, selinuxRelabel: "z" },
    { volumeName: "cache", containerPath: "/cache" },
    { fromContainer: "other" },
  ],
  mounts: [
    {
      type: "volume",
      source: "v",
      target: "/v",
      volumeOptions: { noCopy: true, labels: [{ label: "x", value: "y" }] },
    },
    { type: "bind", source: "/b", target: "/b", readOnly: true, bindOptions: { propagation: "rslave" } },
    { type: "tmpfs", target: "/t", tmpfsOptions: { sizeBytes: 1024, mode: 0o770 } },
  ],
  memory: 512,
  memoryReservation: 256,
  memorySwap: -1,
  cpuShares: 512,
  cpuSet: "0-1",
  cpus: "1.5",
  healthcheck: {
    tests: ["CMD", "true"],
    interval: "1m30s",
    timeout: "500ms",
    startPeriod: "0s",
    startInterval: "0s",
    retries: 4,
  },
};

/** The engine as a mirror: what it is sent is what it tells. */
function mirrored(inputs: Properties): Properties {
  const body = createBody(inputs, { "windlass.operation": "x" }) as Record<string, unknown>;
  const { HostConfig, NetworkingConfig: _, ...Config } = body;
  const found = {
    Id: "0123456789abcdef",
    Name: `/${inputs.name}`,
    Platform: "",
    State: { Running: true },
    Config,
    HostConfig,
    NetworkSettings: { Ports: {}, Networks: {}, Bridge: "" },
  };
  return observedContainer(found as unknown as ContainerInspectInfo);
}

test("inputs become a request, and what the engine tells becomes the same inputs again", () => {
  expect(mirrored(TOLD)).toEqual(TOLD);
});

test.each(
  Object.keys(TOLD).filter(
    (name) => !["name", "image", "networkMode", "restart", "init", "rm", "readOnly"].includes(name),
  ),
)("%s that is not given is not asked for", (name) => {
  const { [name]: _, ...others } = TOLD;
  expect(mirrored(others)[name]).toBeUndefined();
});

test("megabytes are sent as bytes, processors as billionths", () => {
  const { HostConfig } = createBody(
    { image: "x", memory: 64, memorySwap: -1, shmSize: 1, cpus: "0.25", cpuQuota: 5 },
    {},
  );
  expect(HostConfig).toMatchObject({ Memory: 67_108_864, MemorySwap: -1, ShmSize: 1_048_576, NanoCpus: 250_000_000 });
  expect(HostConfig).not.toHaveProperty("CpuQuota");
});

test("the network that networkMode names is joined at the create, with its aliases and addresses", () => {
  const networksAdvanced: Properties[] = [
    { name: "back", aliases: ["db"], ipv4Address: "10.0.0.9" },
    { name: "front" },
  ];
  const { NetworkingConfig } = createBody({ image: "x", networkMode: "back", networksAdvanced }, {});
  expect(NetworkingConfig).toEqual({
    EndpointsConfig: { back: { Aliases: ["db"], IPAMConfig: { IPv4Address: "10.0.0.9" } } },
  });
  expect(createBody({ image: "x", networkMode: "bridge", networksAdvanced }, {})).not.toHaveProperty(
    "NetworkingConfig",
  );
});

test("paths are unmasked by the client's word for it", () => {
  const { HostConfig } = createBody({ image: "x", securityOpts: ["systempaths=unconfined", "label=disable"] }, {});
  expect(HostConfig).toMatchObject({ SecurityOpt: ["label=disable"], MaskedPaths: [], ReadonlyPaths: [] });
});

test.each([
  ["0s", 0],
  ["500ms", 5e8],
  ["1.5s", 1.5e9],
  ["1m30s", 9e10],
  ["1h0m5s", 3_605e9],
])("a duration of %s", (text, count) => {
  expect(nanoseconds(text)).toBe(count);
  expect(nanoseconds(durationText(count))).toBe(count);
});

test("durations are written as Go writes them", () => {
  expect([60e9, 90e9, 3_600e9, 5e8, 2e3].map(durationText)).toEqual(["1m0s", "1m30s", "1h0m0s", "500ms", "2µs"]);
  expect(() => nanoseconds("1 minute")).toThrow("is not a duration");
});

test.each([
  ["all", { Capabilities: [["gpu"]], Count: -1 }],
  ["2", { Capabilities: [["gpu"]], Count: 2 }],
  ['"device=0,2"', { Capabilities: [["gpu"]], DeviceIDs: ["0", "2"] }],
  [
    "driver=nvidia,capabilities=compute,utility",
    { Driver: "nvidia", Capabilities: [["gpu", "compute", "utility"]], Count: 1 },
  ],
])("gpus %s", (text, request) => {
  expect(gpuRequest(text)).toEqual(request);
});

test("GPU requests that no text can say are not said", () => {
  expect(() => gpuRequest("some")).toThrow("expected all, a number, or device=ID,ID");
  expect(gpusText([{ Driver: "cdi", DeviceIDs: ["x"] }])).toBeUndefined();
});

test("output is freed of the engine's frames, except from a terminal", () => {
  const frame = (text: string) => Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)]);
  expect(plainText(Buffer.concat([frame("one\n"), frame("two")]), false)).toBe("one\ntwo");
  expect(plainText(Buffer.from("as it is"), true)).toBe("as it is");
});
