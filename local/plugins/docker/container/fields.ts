import type { Value } from "../../engine/values.ts";
import type { Field, Fields } from "../../schema/fields.ts";

export const fixed = { replaces: true } as const;
export const text: Field = { type: "string" };
const whole: Field = { type: "integer", minimum: 0 };
const texts: Field = { type: "set", of: text };
export const map: Field = { type: "map", of: text };

/** Changed in the running container; taken away again only with a new one, for the engine reads 0 as "leave it". */
const tunable = { replaces: (_before: Value | undefined, after: Value | undefined) => after === undefined };
const rates: Field = {
  type: "set",
  of: { type: "object", fields: { path: { type: "string", required: true }, rate: { ...whole, required: true } } },
  replaces: true,
};

export const labelsField: Field = {
  type: "set",
  of: { type: "object", fields: { label: { ...text, required: true }, value: { ...text, required: true } } },
};

const duration: Field = {
  type: "string",
  default: "0s",
  pattern: {
    test: /^(0|(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+)$/,
    reason: 'expected a duration such as "30s", "1m30s" or "500ms"',
  },
};

const mount: Fields = {
  target: { ...text, required: true },
  source: text,
  type: { ...text, required: true, values: ["bind", "volume", "tmpfs"] },
  readOnly: { type: "boolean" },
  bindOptions: {
    type: "object",
    fields: { propagation: { ...text, values: ["private", "rprivate", "shared", "rshared", "slave", "rslave"] } },
  },
  volumeOptions: {
    type: "object",
    fields: {
      noCopy: { type: "boolean" },
      labels: labelsField,
      driverName: text,
      driverOptions: map,
      subpath: text,
    },
  },
  tmpfsOptions: { type: "object", fields: { sizeBytes: whole, mode: whole } },
};

const network: Fields = {
  name: { ...text, required: true },
  aliases: texts,
  driverOpts: texts,
  gwPriority: { type: "integer" },
  ipv4Address: text,
  ipv6Address: text,
  linkLocalIps: texts,
  macAddress: text,
};

const port: Fields = {
  internal: { type: "integer", required: true, minimum: 1, maximum: 65_535 },
  external: { type: "integer", minimum: 0, maximum: 65_535 },
  ip: { ...text, default: "0.0.0.0" },
  protocol: { ...text, default: "tcp", values: ["tcp", "udp", "sctp"] },
};

const upload: Fields = {
  file: { ...text, required: true, nonEmpty: true },
  content: text,
  contentBase64: text,
  source: text,
  sourceHash: text,
  executable: { type: "boolean", default: false },
  permissions: {
    ...text,
    pattern: { test: /^0?[0-7]{3,4}$/, reason: 'expected permissions in octal, such as "0644"' },
  },
  owner: text,
  group: text,
};

const deviceRequest: Fields = {
  driver: text,
  count: { type: "integer", default: 0 },
  deviceIds: texts,
  capabilities: texts,
  options: map,
};

const volume: Fields = {
  containerPath: text,
  fromContainer: text,
  hostPath: text,
  readOnly: { type: "boolean" },
  selinuxRelabel: { ...text, values: ["z", "Z"] },
  volumeName: text,
};

/** The inputs of a container: names, defaults and what replaces are the official plugin's, but for what README.md lists. */
export const containerFields: Fields = {
  attach: { type: "boolean", default: false },
  capabilities: { type: "object", fields: { adds: texts, drops: texts }, ...fixed },
  cgroupParent: { ...text, ...fixed },
  cgroupnsMode: { ...text, values: ["private", "host"], ...fixed },
  command: { type: "list", of: text, computed: true, ...fixed },
  containerReadRefreshTimeoutMilliseconds: { ...whole, default: 15_000 },
  cpuPeriod: { ...whole, ...tunable },
  cpuQuota: { ...whole, ...tunable },
  cpuSet: {
    ...text,
    pattern: { test: /^\d+([,-]\d+)*$/, reason: 'expected processors such as "0-2" or "0,3"' },
    ...tunable,
  },
  cpuShares: { ...whole, ...tunable },
  cpus: {
    ...text,
    pattern: { test: /^\d+(\.\d+)?$/, reason: 'expected a number of processors such as "0.5"' },
    ...fixed,
  },
  destroyGraceSeconds: whole,
  deviceCgroupRules: { ...texts, ...fixed },
  deviceReadBps: rates,
  deviceReadIops: rates,
  deviceRequests: { type: "set", of: { type: "object", fields: deviceRequest }, ...fixed },
  deviceWriteBps: rates,
  deviceWriteIops: rates,
  devices: {
    type: "set",
    of: {
      type: "object",
      fields: { hostPath: { ...text, required: true }, containerPath: text, permissions: { ...text, default: "rwm" } },
    },
    ...fixed,
  },
  dns: { ...texts, ...fixed },
  dnsOpts: { ...texts, ...fixed },
  dnsSearches: { ...texts, ...fixed },
  domainname: { ...text, ...fixed },
  entrypoints: { type: "list", of: text, computed: true, ...fixed },
  envs: { ...texts, computed: true, ...fixed },
  gpus: { ...text, ...fixed },
  groupAdds: { ...texts, ...fixed },
  healthcheck: {
    type: "object",
    computed: true,
    fields: {
      tests: { type: "list", of: text },
      interval: duration,
      timeout: duration,
      startPeriod: duration,
      startInterval: duration,
      retries: { ...whole, default: 0 },
    },
    ...fixed,
  },
  hostname: { ...text, computed: true, ...fixed },
  hosts: {
    type: "set",
    of: { type: "object", fields: { host: { ...text, required: true }, ip: { ...text, required: true } } },
    ...fixed,
  },
  image: { ...text, required: true, nonEmpty: true, ...fixed },
  init: { type: "boolean", computed: true, ...fixed },
  ipcMode: { ...text, computed: true, ...fixed },
  labels: { ...labelsField, computed: true, ...fixed },
  logDriver: { ...text, computed: true, ...fixed },
  logOpts: { ...map, ...fixed },
  logs: { type: "boolean", default: false },
  maxRetryCount: whole,
  memory: { ...whole, ...tunable },
  memoryReservation: { ...whole, ...tunable },
  memorySwap: { type: "integer", minimum: -1, ...tunable },
  mounts: { type: "set", of: { type: "object", fields: mount }, ...fixed },
  mustRun: { type: "boolean", default: true },
  name: {
    ...text,
    pattern: { test: /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/, reason: "expected a container name: letters, digits, _ . and -" },
    ...fixed,
  },
  networkMode: { ...text, default: "bridge", ...fixed },
  networksAdvanced: { type: "set", of: { type: "object", fields: network }, ...fixed },
  pidMode: { ...text, ...fixed },
  platform: { ...text, computed: true, ...fixed },
  ports: { type: "list", of: { type: "object", fields: port }, ...fixed },
  privileged: { type: "boolean", ...fixed },
  publishAllPorts: { type: "boolean", ...fixed },
  readOnly: { type: "boolean", default: false, ...fixed },
  removeVolumes: { type: "boolean", default: true },
  restart: { ...text, default: "no", values: ["no", "on-failure", "always", "unless-stopped"] },
  rm: { type: "boolean", default: false, ...fixed },
  runtime: { ...text, computed: true, ...fixed },
  securityOpts: { ...texts, computed: true, ...fixed },
  shmSize: { ...whole, computed: true, ...fixed },
  start: { type: "boolean", default: true },
  stdinOpen: { type: "boolean", default: false, ...fixed },
  stopSignal: { ...text, computed: true, ...fixed },
  stopTimeout: { ...whole, computed: true, ...fixed },
  storageOpts: { ...map, ...fixed },
  sysctls: { ...map, ...fixed },
  tmpfs: { ...map, ...fixed },
  tty: { type: "boolean", default: false, ...fixed },
  ulimits: {
    type: "set",
    of: {
      type: "object",
      fields: {
        name: { ...text, required: true },
        soft: { type: "integer", required: true },
        hard: { type: "integer", required: true },
      },
    },
    ...fixed,
  },
  uploads: { type: "set", of: { type: "object", fields: upload }, ...fixed },
  user: { ...text, ...fixed },
  usernsMode: { ...text, ...fixed },
  volumes: { type: "set", of: { type: "object", fields: volume }, ...fixed },
  wait: { type: "boolean", default: false },
  waitTimeout: { ...whole, default: 60 },
  workingDir: { ...text, ...fixed },
};
