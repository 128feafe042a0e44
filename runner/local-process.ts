/** The process of the local cloud: started once for all who need it, stopped without losing what it holds. */
import { spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { UserError } from "../domain/errors.ts";
import { type CloudAddress, cloudAddress } from "./engine.ts";
import { isAlive, sendSignal } from "./locks.ts";
import { OWN_ROOT } from "./own-root.ts";
import type { OnEvent } from "./progress.ts";

export type LocalBackend = "docker" | "none";

export interface LocalCloudOptions {
  /** The `.windlass` folder. */
  home: string;
  signal?: AbortSignal;
  onEvent?: OnEvent;
}

export interface StartOptions extends LocalCloudOptions {
  /** What stands behind a droplet. @default WINDLASS_LOCAL_BACKEND, else `docker` */
  backend?: string;
  /** @default the port it had when it was killed, else a free one */
  port?: number;
  /** 1 = actions take as long as at DigitalOcean, 0 = no time. @default WINDLASS_LOCAL_ACTION_SCALE, else 0.1 */
  actionScale?: number;
  /** `real`, `scaled` or `driven`. @default `real` */
  clock?: string;
  /** Whether the API answers 429 beyond DigitalOcean's 250 requests a minute. @default true */
  rateLimit?: boolean;
}

/** A GPU droplet takes three minutes at DigitalOcean: 18 s show that there is a wait and what is done meanwhile. */
const DEFAULT_ACTION_SCALE = 0.1;

/** Seconds in which the cloud must be ready once its process runs; the first start builds the droplet image. */
const START_TIMEOUT_SECONDS = 900;

/** Milliseconds in which a cloud whose process runs must answer: a machine with much to do may let it wait for seconds. */
const ANSWER_TIMEOUT_MS = 30_000;

/** Starts the local cloud, or answers with the one that runs. */
export async function startLocalCloud(options: StartOptions): Promise<CloudAddress & { started: boolean }> {
  const wanted = options.backend ?? process.env.WINDLASS_LOCAL_BACKEND;
  let release: (() => void) | undefined;
  while (release === undefined) {
    const running = await reachable(options.home);
    if (running) {
      if (wanted && wanted !== running.backend) throw otherBackend(running.backend, wanted);
      return { ...running, started: false };
    }
    release = startLock(options.home);
    if (!release) await pause(50);
    options.signal?.throwIfAborted();
  }
  try {
    const backend = backendName(wanted ?? "docker");
    options.onEvent?.({ kind: "phase", text: `starting the local cloud (backend ${backend})` });
    return { ...(await spawnCloud(options, backend)), started: true };
  } finally {
    release();
  }
}

function backendName(name: string): LocalBackend {
  if (name === "docker" || name === "none") return name;
  const reason = `backend "${name}" is not known`;
  throw new UserError("UsageError", { reason, suggestion: "use docker or none" }, { exitCode: 2 });
}

function otherBackend(has: string, wanted: string): UserError {
  return new UserError("LocalCloudFailed", {
    reason: `the local cloud runs with backend ${has}, not ${wanted}`,
    suggestion:
      "stop it first: windlass local stop (its objects stay with their backend: windlass local reset removes them)",
  });
}

/**
 * Two commands at once must not start two clouds on the same data: answers with undefined while another one is at it. A link, for that names
 * whose it is as soon as it is there.
 */
function startLock(home: string): (() => void) | undefined {
  const path = join(home, "cloud", "starting");
  mkdirSync(join(home, "cloud"), { recursive: true });
  try {
    symlinkSync(String(process.pid), path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (isStale(path)) rmSync(path, { force: true });
    return undefined;
  }
  return () => rmSync(path, { force: true });
}

/** Whether whoever began to start the cloud is gone, or cannot be at it any more. */
function isStale(path: string): boolean {
  try {
    const holder = Number(readlinkSync(path));
    return !isAlive(holder) || Date.now() - lstatSync(path).mtimeMs > START_TIMEOUT_SECONDS * 1000;
  } catch (error) {
    // It is done.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return false;
  }
}

async function spawnCloud(options: StartOptions, backend: LocalBackend): Promise<CloudAddress> {
  const folder = join(options.home, "cloud");
  const logFile = join(folder, "cloud.log");
  const scale = options.actionScale ?? process.env.WINDLASS_LOCAL_ACTION_SCALE ?? DEFAULT_ACTION_SCALE;
  const port = options.port ?? (await lastPort(options.home));
  const args = [
    join(OWN_ROOT, "local", "cloud", "main.ts"),
    ...["--data", folder, "--backend", backend, "--port", String(port)],
    ...["--action-scale", String(scale)],
    ...(options.clock ? ["--clock", options.clock] : []),
    ...(options.rateLimit === false ? ["--no-rate-limit"] : []),
  ];
  const before = existsSync(logFile) ? readFileSync(logFile, "utf8").length : 0;
  const log = openSync(logFile, "a", 0o600);
  const child = spawn(process.execPath, args, { cwd: OWN_ROOT, detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  child.unref();
  const exited = new Promise<"exited">((resolve) => child.once("exit", () => resolve("exited")));
  const tell = logTeller(logFile, before, options.onEvent);
  const deadline = performance.now() + START_TIMEOUT_SECONDS * 1000;
  while (performance.now() < deadline) {
    if (options.signal?.aborted) child.kill("SIGTERM");
    const outcome = await Promise.race([exited, pause(50)]);
    tell();
    const address = cloudAddress(options.home);
    if (address && address.pid === child.pid && (await answers(address))) return address;
    if (outcome === "exited") throw startFailed(logFile, before, "it ended");
  }
  child.kill("SIGTERM");
  throw startFailed(logFile, before, `it was not ready within ${START_TIMEOUT_SECONDS} s`);
}

/** After a kill the cloud comes back where whoever works with it looks for it, unless somebody else is there now. */
async function lastPort(home: string): Promise<number> {
  const url = cloudAddress(home)?.url;
  const port = url ? Number(new URL(url).port) : 0;
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once("error", () => resolve(0));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(port)));
  });
}

function startFailed(logFile: string, before: number, what: string): UserError {
  const lines = readFileSync(logFile, "utf8").slice(before).trim().split("\n").slice(-5);
  const reason = `the local cloud did not start: ${what}${lines.length > 0 ? `: ${lines.map(lineOf).join(" | ")}` : ""}`;
  return new UserError("LocalCloudFailed", {
    reason,
    suggestion: `see ${logFile}; windlass doctor says what is missing`,
    log: logFile,
  });
}

/** Passes on what the cloud logs while it prepares: building an image takes a while. */
function logTeller(logFile: string, before: number, onEvent: OnEvent | undefined): () => void {
  let told = before;
  return () => {
    const text = readFileSync(logFile, "utf8");
    const end = text.lastIndexOf("\n") + 1;
    for (const line of text.slice(told, end).split("\n")) {
      if (line.trim() && !line.startsWith('{"url"'))
        onEvent?.({ kind: "line", resource: "local cloud", text: lineOf(line) });
    }
    told = Math.max(told, end);
  };
}

/** A line of the cloud's log without its time. */
function lineOf(line: string): string {
  return line.replace(/^\d{4}-\d\d-\d\dT\S+Z /, "");
}

function pause(milliseconds: number): Promise<"waiting"> {
  return new Promise((resolve) => setTimeout(() => resolve("waiting"), milliseconds));
}

async function answers(address: CloudAddress): Promise<boolean> {
  return fetch(`${address.url}/_windlass/health`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }).then(
    (response) => response.ok,
    () => false,
  );
}

/** The running cloud of this folder; undefined when it does not run or does not answer. */
export async function reachable(home: string): Promise<CloudAddress | undefined> {
  const address = cloudAddress(home);
  return address && isAlive(address.pid) && (await answers(address)) ? address : undefined;
}

/** Stops the process; objects, volumes and running machines stay, as in a power cut of the API alone. */
export async function stopLocalCloud(options: LocalCloudOptions): Promise<{ stopped: boolean }> {
  const address = cloudAddress(options.home);
  if (!address || !isAlive(address.pid)) return { stopped: false };
  sendSignal(address.pid, "SIGTERM");
  const deadline = performance.now() + 20_000;
  while (isAlive(address.pid)) {
    if (performance.now() > deadline) sendSignal(address.pid, "SIGKILL");
    await pause(20);
  }
  return { stopped: true };
}
