import { z } from "zod";
import {
  command,
  deviceRequests,
  distinctTexts,
  flag,
  gpuRequests,
  hook,
  hosts,
  mounts,
  named,
  number,
  object,
  options,
  pairs,
  text,
  textOrTexts,
  texts,
  ulimits,
  whole,
} from "./schema-parts.ts";

const build = z.union([
  z.string(),
  object({
    context: text,
    dockerfile: text,
    dockerfile_inline: text,
    entitlements: texts,
    args: pairs,
    ssh: pairs,
    labels: pairs,
    cache_from: texts,
    cache_to: texts,
    no_cache: flag,
    additional_contexts: pairs,
    network: text,
    provenance: flag,
    sbom: flag,
    pull: flag,
    target: text,
    shm_size: whole,
    extra_hosts: hosts,
    isolation: text,
    privileged: flag,
    secrets: mounts,
    tags: texts,
    ulimits,
    platforms: texts,
  }).partial(),
]);

const rates = z.array(object({ path: text, rate: whole }).partial());

const blkio = object({
  device_read_bps: rates,
  device_read_iops: rates,
  device_write_bps: rates,
  device_write_iops: rates,
  weight: whole,
  weight_device: z.array(object({ path: text, weight: whole }).partial()),
}).partial();

const healthcheck = object({
  disable: flag,
  interval: text,
  retries: number,
  test: textOrTexts,
  timeout: text,
  start_period: text,
  start_interval: text,
}).partial();

const rollout = object({
  parallelism: whole,
  delay: text,
  failure_action: text,
  monitor: text,
  max_failure_ratio: number,
  order: z.enum(["start-first", "stop-first"]),
}).partial();

const genericResources = z.array(
  object({ discrete_resource_spec: object({ kind: text, value: number }).partial() }).partial(),
);

const deploy = z.union([
  z.null(),
  object({
    mode: text,
    endpoint_mode: text,
    replicas: whole,
    labels: pairs,
    rollback_config: rollout,
    update_config: rollout,
    resources: object({
      limits: object({ cpus: number, memory: text, pids: whole }).partial(),
      reservations: object({
        cpus: number,
        memory: text,
        generic_resources: genericResources,
        devices: deviceRequests,
      }).partial(),
    }).partial(),
    restart_policy: object({ condition: text, delay: text, max_attempts: whole, window: text }).partial(),
    placement: object({
      constraints: texts,
      preferences: z.array(object({ spread: text }).partial()),
      max_replicas_per_node: whole,
    }).partial(),
  }).partial(),
]);

const develop = z.union([
  z.null(),
  object({
    watch: z.array(
      object({
        path: text,
        action: z.enum(["rebuild", "sync", "restart", "sync+restart", "sync+exec"]),
        target: text.optional(),
        exec: hook.optional(),
        ignore: textOrTexts.optional(),
        include: textOrTexts.optional(),
        initial_sync: z.boolean().optional(),
      }),
    ),
  }).partial(),
]);

const dependencies = z.union([
  distinctTexts,
  named(
    object({
      condition: z.enum(["service_started", "service_healthy", "service_completed_successfully"]),
      restart: flag.optional(),
      required: z.boolean().optional(),
    }),
  ),
]);

const networks = z.union([
  distinctTexts,
  named(
    z.union([
      z.null(),
      object({
        aliases: texts,
        interface_name: text,
        ipv4_address: text,
        ipv6_address: text,
        link_local_ips: texts,
        mac_address: text,
        driver_opts: options,
        priority: z.number(),
        gw_priority: z.number(),
      }).partial(),
    ]),
  ),
]);

const ports = z.array(
  z.union([
    z.number(),
    z.string(),
    object({
      name: text,
      mode: text,
      host_ip: text,
      target: whole,
      published: whole,
      protocol: text,
      app_protocol: text,
    }).partial(),
  ]),
);

const volumes = z.array(
  z.union([
    z.string(),
    object({
      type: z.enum(["bind", "volume", "tmpfs", "cluster", "npipe", "image"]),
      source: text.optional(),
      target: text.optional(),
      read_only: flag.optional(),
      consistency: text.optional(),
      bind: object({
        propagation: text,
        create_host_path: flag,
        recursive: z.enum(["enabled", "disabled", "writable", "readonly"]),
        selinux: z.enum(["z", "Z"]),
      })
        .partial()
        .optional(),
      volume: object({ labels: pairs, nocopy: flag, subpath: text }).partial().optional(),
      tmpfs: object({ size: z.union([z.int().min(0), z.string()]), mode: number })
        .partial()
        .optional(),
      image: object({ subpath: text }).partial().optional(),
    }),
  ]),
);

const envFiles = z.union([
  z.string(),
  z.array(z.union([z.string(), object({ path: text, format: text.optional(), required: flag.optional() })])),
]);

const PULL_POLICY = /^(always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+)$/;

/** A service as it may be written, short or long. */
export const service = object({
  annotations: pairs,
  attach: flag,
  blkio_config: blkio,
  build,
  cap_add: distinctTexts,
  cap_drop: distinctTexts,
  cgroup: z.enum(["host", "private"]),
  cgroup_parent: text,
  command,
  configs: mounts,
  container_name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/, "a container name has letters, digits, _ . and -"),
  cpu_count: z.union([z.string(), z.int().min(0)]),
  cpu_percent: z.union([z.string(), z.number().min(0).max(100)]),
  cpu_period: number,
  cpu_quota: number,
  cpu_rt_period: number,
  cpu_rt_runtime: number,
  cpu_shares: number,
  cpus: number,
  cpuset: text,
  credential_spec: z.any(),
  depends_on: dependencies,
  deploy,
  develop,
  device_cgroup_rules: distinctTexts,
  devices: z.array(z.union([z.string(), object({ source: text, target: text, permissions: text.optional() })])),
  dns: textOrTexts,
  dns_opt: distinctTexts,
  dns_search: textOrTexts,
  domainname: text,
  entrypoint: command,
  env_file: envFiles,
  environment: pairs,
  expose: z.array(z.union([z.string(), z.number()])),
  extends: z.union([z.string(), object({ service: text, file: text.optional() })]),
  external_links: distinctTexts,
  extra_hosts: hosts,
  gpus: gpuRequests,
  group_add: z.array(z.union([z.string(), z.number()])),
  healthcheck,
  hostname: text,
  image: text,
  init: flag,
  ipc: text,
  isolation: text,
  label_file: textOrTexts,
  labels: pairs,
  links: distinctTexts,
  logging: object({
    driver: text,
    options: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
  }).partial(),
  mac_address: text,
  mem_limit: whole,
  mem_reservation: whole,
  mem_swappiness: whole,
  memswap_limit: whole,
  models: z.any(),
  network_mode: text,
  networks,
  oom_kill_disable: flag,
  oom_score_adj: z.union([z.string(), z.int().min(-1000).max(1000)]),
  pid: z.union([z.string(), z.null()]),
  pids_limit: number,
  platform: text,
  ports,
  post_start: z.array(hook),
  pre_stop: z.array(hook),
  privileged: flag,
  profiles: distinctTexts,
  provider: z.any(),
  pull_policy: z.string().regex(PULL_POLICY, "one of always, missing, never, build, daily, weekly, every_<duration>"),
  pull_refresh_after: text,
  read_only: flag,
  restart: text,
  runtime: text,
  scale: whole,
  secrets: mounts,
  security_opt: distinctTexts,
  shm_size: whole,
  stdin_open: flag,
  stop_grace_period: text,
  stop_signal: text,
  storage_opt: z.record(z.string(), z.any()),
  sysctls: pairs,
  tmpfs: textOrTexts,
  tty: flag,
  ulimits,
  use_api_socket: z.boolean(),
  user: text,
  userns_mode: text,
  uts: text,
  volumes,
  volumes_from: distinctTexts,
  working_dir: text,
}).partial();
