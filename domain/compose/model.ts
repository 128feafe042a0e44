import {
  anyDuration,
  anyFlag,
  anyInteger,
  bytes,
  command,
  count,
  type Decoded,
  deviceCount,
  duration,
  type Extended,
  environment,
  fileMode,
  flag,
  float,
  fullStruct,
  healthTest,
  hosts,
  integer,
  listOf,
  natural,
  orNull,
  pairs,
  port,
  recordOf,
  sshKeys,
  struct,
  text,
  texts,
  ulimit,
} from "./codec.ts";

/**
 * The model of a Compose project: the long form of everything, in the order and with the defaults of `docker compose config`. Sizes are bytes
 * as text, durations text such as `1m30s`, hosts `name=address`, file modes octal text.
 */
export interface ComposeProject extends Extended {
  name: string;
  services: Record<string, Service>;
  networks?: Record<string, Network>;
  volumes?: Record<string, Volume>;
  secrets?: Record<string, FileObject>;
  configs?: Record<string, FileObject>;
}

export type Service = Decoded<typeof service>;
export type Network = Decoded<typeof network>;
export type Volume = Decoded<typeof volume>;
/** A secret or a config. */
export type FileObject = Decoded<typeof fileObject>;
export type ServicePort = Decoded<typeof servicePort>;
export type ServiceVolume = Decoded<typeof serviceVolume>;
export type HealthCheck = Decoded<typeof healthcheck>;
export type Deploy = Decoded<typeof deploy>;

const mount = struct({ source: text, target: text, uid: text, gid: text, mode: fileMode });

const build = struct({
  context: text,
  dockerfile: text,
  dockerfile_inline: text,
  entitlements: texts,
  args: environment,
  provenance: text,
  sbom: text,
  ssh: sshKeys,
  labels: pairs,
  cache_from: texts,
  cache_to: texts,
  no_cache: flag,
  additional_contexts: pairs,
  pull: flag,
  extra_hosts: hosts,
  isolation: text,
  network: text,
  target: text,
  secrets: listOf(mount),
  shm_size: bytes,
  tags: texts,
  ulimits: recordOf(ulimit),
  platforms: texts,
  privileged: flag,
});

const hook = struct({ command, user: text, privileged: flag, working_dir: text, environment });

const develop = struct({
  watch: listOf(
    struct({
      path: text,
      action: text,
      target: text,
      exec: hook,
      include: texts,
      ignore: texts,
      initial_sync: flag,
    }),
  ),
});

const rates = listOf(struct({ path: text, rate: bytes }));

const blkio = struct({
  weight: natural,
  weight_device: listOf(struct({ path: text, weight: natural })),
  device_read_bps: rates,
  device_read_iops: rates,
  device_write_bps: rates,
  device_write_iops: rates,
});

const deviceRequests = listOf(
  struct({ capabilities: texts, driver: text, count: deviceCount, device_ids: texts, options: pairs }),
);

const resource = struct({
  cpus: float,
  memory: bytes,
  pids: integer,
  devices: deviceRequests,
  generic_resources: listOf(struct({ discrete_resource_spec: struct({ kind: text, value: integer }) })),
});

const rollout = struct({
  parallelism: count,
  delay: duration,
  failure_action: text,
  monitor: duration,
  max_failure_ratio: float,
  order: text,
});

const deploy = struct({
  mode: text,
  replicas: count,
  labels: pairs,
  update_config: rollout,
  rollback_config: rollout,
  resources: fullStruct({ limits: resource, reservations: resource }),
  restart_policy: struct({ condition: text, delay: anyDuration, max_attempts: count, window: anyDuration }),
  placement: fullStruct({
    constraints: texts,
    preferences: listOf(struct({ spread: text })),
    max_replicas_per_node: integer,
  }),
  endpoint_mode: text,
});

const healthcheck = struct({
  test: healthTest,
  timeout: anyDuration,
  interval: anyDuration,
  retries: count,
  start_period: anyDuration,
  start_interval: anyDuration,
  disable: flag,
});

const serviceNetwork = struct({
  aliases: texts,
  driver_opts: pairs,
  gw_priority: integer,
  interface_name: text,
  ipv4_address: text,
  ipv6_address: text,
  link_local_ips: texts,
  mac_address: text,
  priority: integer,
});

const servicePort = struct({
  name: text,
  mode: text,
  host_ip: text,
  target: port,
  published: text,
  protocol: text,
  app_protocol: text,
});

const serviceVolume = struct({
  type: text,
  source: text,
  target: text,
  read_only: flag,
  consistency: text,
  bind: struct({ selinux: text, propagation: text, create_host_path: flag, recursive: text }),
  volume: struct({ labels: pairs, nocopy: flag, subpath: text }),
  tmpfs: struct({ size: bytes, mode: integer }),
  image: struct({ subpath: text }),
});

/** A service once all files are merged. */
export const service = struct({
  profiles: texts,
  annotations: pairs,
  attach: anyFlag,
  build,
  develop,
  blkio_config: blkio,
  cap_add: texts,
  cap_drop: texts,
  cgroup_parent: text,
  cgroup: text,
  cpu_count: integer,
  cpu_percent: float,
  cpu_period: integer,
  cpu_quota: integer,
  cpu_rt_period: integer,
  cpu_rt_runtime: integer,
  cpus: float,
  cpuset: text,
  cpu_shares: integer,
  command,
  configs: listOf(mount),
  container_name: text,
  depends_on: recordOf(struct({ condition: text, restart: flag, required: anyFlag })),
  deploy,
  device_cgroup_rules: texts,
  devices: listOf(struct({ source: text, target: text, permissions: text })),
  dns: texts,
  dns_opt: texts,
  dns_search: texts,
  domainname: text,
  entrypoint: command,
  environment,
  env_file: listOf(struct({ path: text, required: anyFlag, format: text })),
  expose: texts,
  external_links: texts,
  extra_hosts: hosts,
  group_add: texts,
  gpus: deviceRequests,
  hostname: text,
  healthcheck,
  image: text,
  init: anyFlag,
  ipc: text,
  labels: pairs,
  label_file: texts,
  links: texts,
  logging: struct({ driver: text, options: pairs }),
  mem_limit: bytes,
  mem_reservation: bytes,
  memswap_limit: bytes,
  mem_swappiness: bytes,
  mac_address: text,
  network_mode: text,
  networks: recordOf(orNull(serviceNetwork)),
  oom_kill_disable: flag,
  oom_score_adj: integer,
  pid: text,
  pids_limit: integer,
  platform: text,
  ports: listOf(servicePort),
  privileged: flag,
  pull_policy: text,
  read_only: flag,
  restart: text,
  runtime: text,
  scale: anyInteger,
  secrets: listOf(mount),
  security_opt: texts,
  shm_size: bytes,
  stdin_open: flag,
  stop_grace_period: anyDuration,
  stop_signal: text,
  storage_opt: pairs,
  sysctls: pairs,
  tmpfs: texts,
  tty: flag,
  ulimits: recordOf(ulimit),
  user: text,
  userns_mode: text,
  uts: text,
  volumes: listOf(serviceVolume),
  volumes_from: texts,
  working_dir: text,
  post_start: listOf(hook),
  pre_stop: listOf(hook),
});

export const network = struct({
  name: text,
  driver: text,
  driver_opts: pairs,
  ipam: fullStruct({
    driver: text,
    config: listOf(struct({ subnet: text, gateway: text, ip_range: text, aux_addresses: pairs })),
  }),
  external: flag,
  internal: flag,
  attachable: flag,
  labels: pairs,
  enable_ipv4: anyFlag,
  enable_ipv6: anyFlag,
});

export const volume = struct({ name: text, driver: text, driver_opts: pairs, external: flag, labels: pairs });

export const fileObject = struct({
  name: text,
  file: text,
  environment: text,
  content: text,
  external: flag,
  labels: pairs,
  driver: text,
  driver_opts: pairs,
  template_driver: text,
});
