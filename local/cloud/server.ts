import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Limits } from "./account/routes.ts";
import { DEFAULT_LIMITS } from "./account/routes.ts";
import { ActionQueue } from "./actions.ts";
import type { Backend, BackendOptions } from "./backend.ts";
import { createNoneBackend } from "./backends/none.ts";
import { type Bill, bill } from "./billing/meters.ts";
import { loadCatalog } from "./catalog/catalog.ts";
import { Clock, type ClockSettings } from "./clock.ts";
import type { CloudState } from "./cloud.ts";
import { Contract } from "./contract.ts";
import { FAMILIES, KINDS } from "./families.ts";
import { Faults } from "./faults.ts";
import { FirewallSync } from "./firewalls/sync.ts";
import { Gateway } from "./gateway.ts";
import { ensureDefaultProject } from "./projects/routes.ts";
import { RequestLog } from "./request-log.ts";
import { Store } from "./store.ts";

export interface CloudOptions {
  /** @default "127.0.0.1" */
  host?: string;
  /** @default 0, any free one */
  port?: number;
  /** Where the store is, and what the backend keeps; made if it is not there. */
  dataDir: string;
  backend: "docker" | "none";
  /** What clients must send. @default a random one, the same at every start on this folder */
  token?: string;
  /** @default the machine's time, or what an earlier start on this folder used */
  clock?: ClockSettings;
  /** How long actions take: 1 = as at DigitalOcean, 0 = as soon as the work is done. @default 1 */
  actionScale?: number;
  /** Whether requests over the limit are refused. @default true */
  rateLimit?: boolean;
  /** Path of DigitalOcean's OpenAPI description; every answer is checked against it. @default the variable WINDLASS_OPENAPI */
  openapi?: string;
  /** Keep the last requests for `GET /_windlass/requests`. @default true */
  requestLog?: boolean;
  /** What the account may have. @default a usual account's: 25 droplets, 100 volumes, 3 reserved IPs */
  limits?: Partial<Limits>;
  /** Stands in for the backend named above; for tests. */
  createBackend?: (store: Store) => Backend;
  /** Where lines for the log go. @default nowhere */
  log?: (line: string) => void;
}

/** A running local cloud. */
export interface Cloud {
  /** Like http://127.0.0.1:8080: the API is under `/v2`, the control API under `/_windlass`. */
  url: string;
  token: string;
  backend: "docker" | "none";
  /** Moves a driven clock; everything due until then has ended when it resolves. */
  advance(seconds: number): Promise<void>;
  /** Removes everything. */
  reset(): Promise<void>;
  /** What has accrued until now. */
  bill(): Bill;
  /** Machines stay as they are, and actions go on at the next start. */
  close(): Promise<void>;
}

/**
 * Starts the cloud on a folder, going on where an earlier process on it stopped or was killed.
 * @throws Error when another process has the folder, the port is taken, or the host cannot do what the backend needs.
 */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  mkdirSync(options.dataDir, { recursive: true });
  const log = options.log ?? (() => {});
  const store = openStore(join(options.dataDir, "cloud.db"));
  try {
    const backend = await createBackend(options, store, log);
    await backend.prepare(log);
    return await serve(options, store, backend, log);
  } catch (error) {
    store.close();
    throw error;
  }
}

async function serve(
  options: CloudOptions,
  store: Store,
  backend: Backend,
  log: (line: string) => void,
): Promise<Cloud> {
  const cloud: CloudState = {
    store,
    backend,
    log,
    clock: new Clock(store, options.clock),
    actions: new ActionQueue(),
    faults: new Faults(store),
    catalog: loadCatalog(),
    firewalls: new FirewallSync(),
    origin: "",
    actionScale: options.actionScale ?? 1,
  };
  cloud.firewalls.connect(cloud);
  cloud.actions.connect(cloud, Object.assign({}, ...KINDS.map((kinds) => kinds(cloud))));
  const start = () =>
    store.transaction(() => {
      ensureDefaultProject(cloud);
      if (options.limits) store.setMeta("limits", { ...DEFAULT_LIMITS, ...options.limits });
    });
  const reset = async () => {
    cloud.actions.stop();
    await cloud.actions.idle();
    await cloud.firewalls.settle();
    await backend.reset();
    store.clear();
    store.setMeta("limits", DEFAULT_LIMITS);
    cloud.faults.reload();
    cloud.clock.reset();
    cloud.firewalls.forget();
    start();
  };
  start();
  const token = options.token ?? store.meta<string>("token") ?? `local_${randomBytes(24).toString("hex")}`;
  store.setMeta("token", token);
  const openapi = options.openapi ?? process.env["WINDLASS_OPENAPI"];
  const gateway = new Gateway(
    cloud,
    FAMILIES.flatMap((family) => family(cloud)),
    {
      token,
      rateLimit: options.rateLimit !== false,
      requests: options.requestLog === false ? undefined : new RequestLog(),
      contract: openapi ? await Contract.load(openapi) : undefined,
      reset,
    },
  );
  const url = await gateway.listen(options.host ?? "127.0.0.1", options.port ?? 0);
  cloud.origin = url;
  cloud.actions.resume();
  cloud.firewalls.changed();
  let closing: Promise<void> | undefined;
  const close = async () => {
    await gateway.close();
    cloud.actions.stop();
    await cloud.actions.idle();
    await cloud.firewalls.settle();
    await backend.close();
    store.close();
  };
  return {
    url,
    token,
    backend: backend.kind,
    advance: (seconds) => cloud.actions.advance(seconds),
    reset: () => gateway.reset(),
    bill: () => bill(cloud, cloud.clock.now()),
    close: () => (closing ??= close()),
  };
}

function openStore(file: string): Store {
  try {
    return new Store(file);
  } catch (error) {
    if (!/database is locked/.test((error as Error).message)) throw error;
    throw new Error(`another local cloud is running on ${file}; stop it first`, { cause: error });
  }
}

async function createBackend(options: CloudOptions, store: Store, log: (line: string) => void): Promise<Backend> {
  if (options.createBackend) return options.createBackend(store);
  if (options.backend === "none") return createNoneBackend(store);
  // Kept in a variable, so that a cloud without containers never loads the Docker client.
  const module = "./backends/docker/backend.ts";
  const { createDockerBackend } = (await import(module)) as { createDockerBackend(options: BackendOptions): Backend };
  return createDockerBackend({ dataDir: options.dataDir, log });
}
