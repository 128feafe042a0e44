import { UserError } from "../errors.ts";
import { nearest } from "../spelling.ts";

/** Milliseconds in which what is asked must answer, as documented for health checks. */
export const HEALTH_TIMEOUT_MS = 5000;

/** Kinds of targets. */
export type TargetKind =
  | "http"
  | "tcp"
  | "postgres"
  | "redis"
  | "langfuse"
  | "prometheus"
  | "services"
  | "node"
  | "droplet";

/** Something whose health can be asked. */
export interface HealthTarget {
  name: string;
  kind: TargetKind;
  /** As it was written, with its password. */
  address: string;
  /** @default HEALTH_TIMEOUT_MS */
  timeoutMs: number;
  /** Of `http`: the status that is right. @default any of 200 to 299 */
  status?: number | undefined;
  /** Of `http`: text that the answer must have. */
  contains?: string | undefined;
  /** Of `redis`: the list, sorted set or stream whose length is told. */
  queue?: string | undefined;
  /** Of `redis`: the queue of BullMQ whose waiting jobs are told. */
  bullmq?: string | undefined;
  /** Of a queue: more entries than this are too many. */
  most?: number | undefined;
  /** Of `langfuse`: milliseconds; a trace must have come within them. */
  freshMs?: number | undefined;
}

/** What an address begins with, and the kind that it is. */
const SCHEMES: Readonly<Record<string, TargetKind>> = {
  "http:": "http",
  "https:": "http",
  "tcp:": "tcp",
  "postgres:": "postgres",
  "postgresql:": "postgres",
  "redis:": "redis",
  "rediss:": "redis",
  "langfuse+http:": "langfuse",
  "langfuse+https:": "langfuse",
  "prometheus+http:": "prometheus",
  "prometheus+https:": "prometheus",
  "services:": "services",
  "node:": "node",
  "droplet:": "droplet",
};

/** Kinds that are found by a name, not by a URL. */
const NAMED: readonly TargetKind[] = ["services", "node", "droplet"];

/** Settings that only these kinds have. */
const SETTINGS = {
  status: ["http"],
  contains: ["http"],
  queue: ["redis"],
  bullmq: ["redis"],
  most: ["redis"],
  freshMs: ["langfuse"],
} as const satisfies Partial<Record<keyof HealthTarget, readonly TargetKind[]>>;

export type TargetSettings = Partial<Pick<HealthTarget, "timeoutMs" | keyof typeof SETTINGS>>;

/** Why an address or a setting is none. */
export class TargetMistake extends Error {
  /** The setting that it is about; the address where it is absent. */
  readonly setting: keyof typeof SETTINGS | undefined;
  readonly suggestion: string | undefined;

  constructor(reason: string, options: { setting?: keyof typeof SETTINGS; suggestion?: string } = {}) {
    super(reason);
    this.setting = options.setting;
    this.suggestion = options.suggestion;
  }
}

/**
 * Reads an address: `https://HOST/health`, `tcp://HOST:PORT`, `postgres://USER:PASSWORD@HOST/DATABASE`, `redis://HOST`, `langfuse+https://HOST`,
 * `prometheus+http://HOST:9090`, `services:PROJECT` or `services:PROJECT/SERVICE`, `node:NAME` or `node:*`, `droplet:NAME`.
 * @param name what it is called. @default what the address names; a URL itself, without user and password
 * Throws `TargetMistake`.
 */
export function parseTarget(address: string, name = defaultName(address), settings: TargetSettings = {}): HealthTarget {
  const scheme = /^[a-z+]+:/.exec(address)?.[0] ?? "";
  const kind = SCHEMES[scheme];
  const shown = JSON.stringify(endpointOf(address));
  if (!kind) {
    const meant = nearest(scheme, Object.keys(SCHEMES));
    throw new TargetMistake(`${shown} is no address of something whose health can be asked`, {
      suggestion: scheme && meant ? `did you mean ${meant}?` : `begin it with one of ${Object.keys(SCHEMES).join(" ")}`,
    });
  }
  const problem = NAMED.includes(kind) ? wrongName(kind, address) : wrongUrl(kind, address);
  if (problem) throw new TargetMistake(`${shown} ${problem}`);
  for (const [setting, kinds] of Object.entries(SETTINGS) as [keyof typeof SETTINGS, readonly TargetKind[]][])
    if (settings[setting] !== undefined && !kinds.includes(kind))
      throw new TargetMistake(`is for ${kinds.join(" and ")} only, and this is ${kind}`, { setting });
  if (settings.queue !== undefined && settings.bullmq !== undefined)
    throw new TargetMistake("stands beside queue: a target is one of them", { setting: "bullmq" });
  if (settings.most !== undefined && settings.queue === undefined && settings.bullmq === undefined)
    throw new TargetMistake("needs the queue that it is about: queue or bullmq", { setting: "most" });
  return { timeoutMs: HEALTH_TIMEOUT_MS, ...settings, name, kind, address };
}

/** The same for one given by hand. Throws `UserError` `UsageError`. */
export function targetGiven(address: string): HealthTarget {
  try {
    return parseTarget(address);
  } catch (error) {
    if (!(error instanceof TargetMistake)) throw error;
    const { message: reason, suggestion } = error;
    throw new UserError("UsageError", { reason, ...(suggestion ? { suggestion } : {}) }, { exitCode: 2 });
  }
}

function defaultName(address: string): string {
  return /^(services|node|droplet):/.test(address) ? namedBy({ address }) : endpointOf(address);
}

/** What an address names, without its kind: `shop/web` of `services:shop/web`. */
export function namedBy({ address }: Pick<HealthTarget, "address">): string {
  return address.slice(address.indexOf(":") + 1);
}

/** The URL below which Langfuse and Prometheus are asked, with user and password, without a slash at its end. */
export function baseOf(address: string): string {
  return address.replace(/^(langfuse|prometheus)\+/, "").replace(/\/$/, "");
}

/** An address without user, password and query: they may be secret. */
export function endpointOf(address: string): string {
  return address.replace(/^([a-z+]+:\/\/)[^/?#]*@/i, "$1").replace(/[?#].*$/s, "");
}

function wrongName(kind: TargetKind, address: string): string | undefined {
  const name = namedBy({ address });
  const pattern =
    { services: /^[a-z0-9][a-z0-9_-]*(\/[\w.-]+)?$/, node: /^(\*|[\w.-]+)$/ }[kind as string] ?? /^[\w.-]+$/;
  return pattern.test(name)
    ? undefined
    : `names nothing: write ${kind}:NAME${kind === "services" ? " or services:PROJECT/SERVICE" : ""}`;
}

function wrongUrl(kind: TargetKind, address: string): string | undefined {
  if (!URL.canParse(address)) return "is no URL";
  const { hostname, port } = new URL(address);
  if (hostname === "") return "names no host";
  return kind === "tcp" && port === "" ? "names no port: write tcp://HOST:PORT" : undefined;
}
