import { expect, test } from "vitest";
import { loadCompose } from "../compose/project.ts";
import { notApplied, refusals } from "./not-applied.ts";
import { planStack } from "./plan.ts";
import type { ContainerSpec } from "./spec.ts";

const ORIGIN = { workingDir: "/app", files: ["/app/compose.yaml"] };

function load(text: string, environment: Record<string, string> = {}) {
  const reader = {
    read: (path: string) => (path === "/app/compose.yaml" ? text : undefined),
    realPath: (path: string) => path,
    home: "/root",
  };
  return loadCompose({ files: ["/app/compose.yaml"], folder: "/app", environment }, reader);
}

function plan(text: string, environment: Record<string, string> = {}) {
  const { project, environment: variables } = load(text, environment);
  return planStack(project, ORIGIN, variables);
}

/** The one container of a service with these keys. */
function one(keys: string, rest = ""): ContainerSpec {
  const { containers } = plan(`services: {web: {image: a, ${keys}}}\n${rest}`);
  expect(containers).toHaveLength(1);
  return containers[0] as ContainerSpec;
}

test("containers stand behind what they depend on, with Compose's names and labels", () => {
  const { project, containers, networks, volumes, images } = plan(`
services:
  a: { image: x, depends_on: { z: { condition: service_healthy } }, volumes: [data:/d] }
  m: { image: y, depends_on: [z], scale: 2 }
  z: { image: x, platform: linux/arm64, container_name: zed }
volumes: { data: {}, theirs: { external: true } }
`);
  expect(project).toBe("app");
  expect(containers.map(({ key, name }) => [key, name])).toEqual([
    ["z-1", "zed"],
    ["a-1", "app-a-1"],
    ["m-1", "app-m-1"],
    ["m-2", "app-m-2"],
  ]);
  expect(containers[1]?.dependsOn).toEqual([{ service: "z", condition: "service_healthy" }]);
  expect(containers[1]?.labels).toMatchObject({
    "com.docker.compose.project": "app",
    "com.docker.compose.service": "a",
    "com.docker.compose.container-number": "1",
    "com.docker.compose.oneoff": "False",
    "com.docker.compose.depends_on": "z:service_healthy:false",
    "com.docker.compose.project.working_dir": "/app",
    "com.docker.compose.project.config_files": "/app/compose.yaml",
  });
  expect(networks.map(({ key, name }) => [key, name])).toEqual([["default", "app_default"]]);
  expect(volumes).toMatchObject([{ key: "data", name: "app_data", labels: { "com.docker.compose.volume": "data" } }]);
  expect(images).toEqual([{ name: "x", platform: "linux/arm64" }, { name: "x" }, { name: "y" }]);
});

test("the hash moves with what a container is, not with order, scale or where the image comes from", () => {
  const hash = (keys: string) => one(keys).labels["com.docker.compose.config-hash"];
  const before = hash("environment: {A: '1', B: '2'}");
  expect(hash("environment: {B: '2', A: '1'}, pull_policy: never, profiles: [], build: .")).toBe(before);
  expect(hash("environment: {A: '1', B: '3'}")).not.toBe(before);
  expect(hash("environment: {A: '1', B: '2'}, user: root")).not.toBe(before);
});

test("who waits for whom: a task is one whose end others wait for, and is not asked for its health", () => {
  const { containers } = plan(`
services:
  web: { image: a, depends_on: { job: { condition: service_completed_successfully }, gone: { condition: service_started, required: false } } }
  job: { image: a, healthcheck: { test: "true" } }
  gone: { image: a, profiles: [never] }
`);
  expect(
    containers.map(({ service, isTask, healthySeconds, dependsOn }) => ({
      service,
      isTask,
      healthySeconds,
      dependsOn,
    })),
  ).toEqual([
    { service: "job", isTask: true, healthySeconds: undefined, dependsOn: [] },
    {
      service: "web",
      isTask: false,
      healthySeconds: undefined,
      dependsOn: [{ service: "job", condition: "service_completed_successfully" }],
    },
  ]);
});

test.each([
  ["test: 'true'", 30 + 3 * (30 + 30)],
  ["test: 'true', interval: 1s, timeout: 1s, retries: 2", 60],
  ["test: 'true', interval: 10s, timeout: 5s, retries: 10, start_period: 2m", 120 + 10 * 15 + 30],
  ["disable: true", undefined],
  ["test: [NONE]", undefined],
])("a health check {%s} may take %s s", (check, seconds) => {
  expect(one(`healthcheck: {${check}}`).healthySeconds).toBe(seconds);
});

test.each([
  [
    "ports: ['127.0.0.1:8080:80', '81/udp']",
    {
      ports: [
        { internal: 80, external: 8080, ip: "127.0.0.1", protocol: "tcp" },
        { internal: 81, protocol: "udp" },
      ],
    },
  ],
  [
    "cap_add: [net_admin, ALL], cap_drop: [CAP_MKNOD]",
    { capabilities: { adds: ["CAP_NET_ADMIN", "ALL"], drops: ["CAP_MKNOD"] } },
  ],
  ["restart: 'on-failure:3'", { restart: "on-failure", maxRetryCount: 3 }],
  ["restart: always, deploy: {restart_policy: {condition: none}}", { restart: "no" }],
  ["mem_limit: 100000000, memswap_limit: -1", { memory: 96, memorySwap: -1 }],
  [
    "deploy: {resources: {limits: {cpus: '2', memory: 1g}, reservations: {memory: 512m}}}",
    { cpus: "2", memory: 1024, memoryReservation: 512 },
  ],
  ["stop_grace_period: 1m30s", { stopTimeout: 90, destroyGraceSeconds: 90 }],
  ["extra_hosts: ['nas=::1']", { hosts: [{ host: "nas", ip: "::1" }] }],
  ["tmpfs: ['/run:size=1m', /tmp]", { tmpfs: { "/run": "size=1m", "/tmp": "" } }],
  [
    "ulimits: {nofile: {soft: 1, hard: 2}, nproc: 3}",
    {
      ulimits: [
        { name: "nofile", soft: 1, hard: 2 },
        { name: "nproc", soft: 3, hard: 3 },
      ],
    },
  ],
  ["gpus: all", { deviceRequests: [{ driver: "", count: -1, capabilities: ["gpu"] }] }],
  [
    "deploy: {resources: {reservations: {devices: [{driver: nvidia, device_ids: ['0'], capabilities: [gpu]}]}}}",
    { deviceRequests: [{ driver: "nvidia", deviceIds: ["0"], capabilities: ["gpu"] }] },
  ],
  [
    "devices: ['nvidia.com/gpu=0', '/dev/fuse:/dev/fuse:rw']",
    {
      devices: [{ hostPath: "/dev/fuse", containerPath: "/dev/fuse", permissions: "rw" }],
      deviceRequests: [{ driver: "cdi", deviceIds: ["nvidia.com/gpu=0"], capabilities: [] }],
    },
  ],
  ["entrypoint: [], command: 'echo one \"two three\"'", { entrypoints: [], command: ["echo", "one", "two three"] }],
  [
    "healthcheck: {test: curl x, interval: 90s, retries: 2}",
    { healthcheck: { tests: ["CMD-SHELL", "curl x"], interval: "1m30s", retries: 2 } },
  ],
])("%s", (keys, settings) => {
  expect(one(keys).settings).toEqual(settings);
});

test("plain volumes are binds, those with options mounts", () => {
  const { volumes, mounts } = one(
    "volumes: [data:/d, './x:/x:ro', /anonymous, {type: volume, source: data, target: /e, volume: {nocopy: true}}, {type: tmpfs, target: /t, tmpfs: {size: 1m}}, {type: bind, source: /h, target: /h, bind: {create_host_path: false}}], volumes_from: ['container:other:ro']",
    "volumes: {data: {name: elsewhere}}",
  );
  expect(volumes).toEqual([
    { volumeName: "elsewhere", containerPath: "/d" },
    { hostPath: "/app/x", containerPath: "/x", readOnly: true },
    { fromContainer: "other", readOnly: true },
  ]);
  expect(mounts).toEqual([
    { type: "volume", target: "/anonymous" },
    { type: "volume", target: "/e", source: "elsewhere", volumeOptions: { noCopy: true } },
    { type: "tmpfs", target: "/t", tmpfsOptions: { sizeBytes: 1048576 } },
    { type: "bind", target: "/h", source: "/h" },
  ]);
});

test("secrets and configs: files are mounted, contents put into the container", () => {
  const { containers } = plan(
    `
services:
  web:
    image: a
    secrets: [token, { source: key, target: my.key, mode: 0400, uid: "5" }]
    configs: [app, { source: site, target: /etc/site }]
secrets: { token: { environment: TOKEN }, key: { environment: KEY } }
configs: { app: { content: "x=1" }, site: { file: ./site } }
`,
    { TOKEN: "t", KEY: "k" },
  );
  expect(containers[0]?.uploads).toEqual([
    { file: "/run/secrets/token", content: "t", permissions: "0444" },
    { file: "/run/secrets/my.key", content: "k", permissions: "0400", owner: "5" },
    { file: "/app", content: "x=1", permissions: "0444" },
  ]);
  expect(containers[0]?.mounts).toEqual([{ type: "bind", source: "/app/site", target: "/etc/site", readOnly: true }]);
});

test("networks: the first by priority is the container's own, with the names that others use", () => {
  const spec = one(
    "networks: {back: {}, front: {priority: 5, aliases: [www], ipv4_address: 10.0.0.9}}",
    "networks: {back: {}, front: {ipam: {config: [{subnet: 10.0.0.0/24}]}}}",
  );
  expect(spec.networkMode).toBe("app_front");
  expect(spec.networks).toEqual([
    { name: "app_front", aliases: ["app-web-1", "web", "www"], ipv4Address: "10.0.0.9" },
    { name: "app_back", aliases: ["app-web-1", "web"] },
  ]);
  expect(one("network_mode: host")).toMatchObject({ networkMode: "host", networks: [] });
  const shared = plan("services: {vpn: {image: a}, web: {image: a, network_mode: 'service:vpn', pid: 'service:vpn'}}");
  expect(shared.containers[1]).toMatchObject({
    networkMode: { service: "vpn" },
    pidMode: { service: "vpn" },
    networks: [],
  });
});

test("what is not applied is told by its path", () => {
  const told = (keys: string) =>
    notApplied(load(`services: {web: {image: a, ${keys}}}`).project).map(({ path }) => path.join("."));
  expect(told("restart: always, ports: ['80'], deploy: {replicas: 2}")).toEqual([]);
  expect(
    told(
      "oom_score_adj: 1, expose: ['80'], deploy: {placement: {constraints: [node.role == manager]}, update_config: {delay: 1s}}",
    ),
  ).toEqual([
    "services.web.deploy.placement.constraints",
    "services.web.deploy.update_config",
    "services.web.expose",
    "services.web.oom_score_adj",
  ]);
  const shared = load(
    "services: {a: {image: x}, b: {image: x, network_mode: 'service:a'}, c: {image: x, depends_on: {a: {condition: service_started, restart: true}}}}",
  );
  expect(notApplied(shared.project).map(({ path }) => path.join("."))).toEqual(["services.c.depends_on.a.restart"]);
});

test.each([
  ["image: a, scale: 2, ports: ['80:80']", "", "services.web.ports.0: 2 containers cannot publish one port"],
  ["image: a, command: [x, '']", "", "services.web.command: the Pulumi provider for Docker takes no empty word"],
  ["image: a, ports: ['80:80', '80:81']", "", "services.web.ports.1: web is published on port 80 of the host already"],
  [
    "image: a, security_opt: ['seccomp=./x.json']",
    "",
    "services.web.security_opt.0: seccomp profiles from a file are not run",
  ],
  [
    "image: a, secrets: [t]",
    "secrets: {t: {environment: UNSET}}",
    "services.web.secrets.0: the variable UNSET of t is not set",
  ],
  ["image: a, secrets: [t]", "secrets: {t: {external: true}}", "services.web.secrets.0: t is kept by Docker Swarm"],
  [
    "image: a, read_only: true, configs: [c]",
    "configs: {c: {content: x}}",
    "services.web.configs.0: c cannot be put into a read-only container",
  ],
])("%s is refused", (keys, rest, expected) => {
  const { project, environment } = load(`services: {web: {${keys}}}\n${rest}`);
  expect(refusals(project, environment).map(({ path, reason }) => `${path.join(".")}: ${reason}`)).toEqual([expected]);
});
