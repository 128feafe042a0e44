import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { ApiError, SshKey } from "../../clients/digitalocean/index.ts";
import { UserError } from "../../domain/errors.ts";
import type { NodeOwner } from "../../domain/node-marker.ts";
import { isAlive } from "../locks.ts";
import type { OnEvent } from "../progress.ts";
import type { NodeStack } from "./node-stack.ts";

export interface LeaseOptions {
  /** What is leased, such as `node:<project>:<stack>:<node>`. */
  name: string;
  /** Who leases it. @default `<host>/<process>` */
  holder?: string;
  /** How long it lasts unless it is renewed, as it is each third of that. @default 1800 */
  seconds?: number;
  /** Takes it from whoever holds it; only right when they are gone. */
  breakLease?: boolean;
  signal?: AbortSignal;
  onEvent?: OnEvent;
}

/** A lease as the account shows it. */
export interface Lease {
  id: number;
  name: string;
  holder: string;
  /** Tells two leases of one process apart. */
  nonce: string;
  until: Date;
}

/** Leases of this process that are held now: another of its id in the account was left behind. */
const held = new Set<string>();

/** Tries before a lease that comes and goes counts as held. */
const TRIES = 5;

/** Name of the lease on a node: whoever stops, resumes or expires it holds this. */
export function nodeLease({ project, stack, node }: NodeOwner): string {
  return `node:${project}:${stack}:${node}`;
}

/**
 * Does the work while nobody else who asks for the same lease does theirs, on whatever machine. A lease is an ssh public key of the account
 * that nobody has the private half of: an account takes a public key once only, so that making it decides who is first. The work is told by
 * its signal where the lease is lost. Throws UserError `StackLocked` {holder, until} while somebody else has it.
 */
export async function withLease<T>(
  stack: Pick<NodeStack, "cloud" | "clock">,
  options: LeaseOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const seconds = options.seconds ?? 1800;
  const nonce = randomBytes(4).toString("hex");
  // Before it is in the account: a second call in this process would take it for one that was left behind.
  held.add(nonce);
  const lease = await acquire(stack, options, seconds, nonce).catch((error) => {
    held.delete(nonce);
    throw error;
  });
  const lost = new AbortController();
  const timer = setInterval(() => void renew(stack, lease, seconds, lost, options), (seconds * 1000) / 3);
  timer.unref();
  try {
    return await work(AbortSignal.any([lost.signal, ...(options.signal ? [options.signal] : [])]));
  } finally {
    clearInterval(timer);
    held.delete(lease.nonce);
    await release(stack, lease, options);
  }
}

/** Leases that are in the account, and whether whoever holds them can be at work still. */
export async function leases(stack: Pick<NodeStack, "cloud" | "clock">): Promise<(Lease & { live: boolean })[]> {
  const now = await stack.clock.now();
  const found = (await stack.cloud.sshKeys()).flatMap((key) => parse(key) ?? []);
  return found.map((lease) => ({ ...lease, live: isLive(lease, now) }));
}

async function acquire(
  stack: Pick<NodeStack, "cloud" | "clock">,
  options: LeaseOptions,
  seconds: number,
  nonce: string,
): Promise<Lease> {
  const { cloud, clock } = stack;
  const holder = options.holder ?? `${hostname()}/${process.pid}`;
  let broken = options.breakLease ?? false;
  for (let tries = 1; ; tries++) {
    const now = await clock.now();
    const lease = { name: options.name, holder, nonce, until: new Date(now + seconds * 1000) };
    const made = await cloud
      .createSshKey({ name: text(lease), public_key: publicKey(options.name) })
      .catch((error: ApiError) => unclear(error, tries));
    if (made) return { ...lease, id: made.id };
    const other = await find(stack, options.name);
    if (other?.nonce === nonce) return other;
    if (other && isLive(other, now) && !broken) throw taken(other);
    if (other) {
      broken = false;
      // By its id: whoever took it over a moment earlier has another one.
      await cloud.deleteSshKey(other.id).catch(gone);
    } else if (tries >= TRIES)
      throw new UserError("StackLocked", {
        reason: `the lease ${options.name} can neither be made nor found: the account has a key of its content under another name`,
        suggestion: "look at the account's ssh keys, and run it again",
      });
  }
}

async function renew(
  { cloud, clock }: Pick<NodeStack, "cloud" | "clock">,
  lease: Lease,
  seconds: number,
  lost: AbortController,
  { onEvent }: LeaseOptions,
): Promise<void> {
  try {
    const until = new Date((await clock.now()) + seconds * 1000);
    await cloud.renameSshKey(lease.id, text({ ...lease, until }));
  } catch (error) {
    if ((error as ApiError).status !== 404) {
      onEvent?.({ kind: "note", level: "warning", text: `the lease ${lease.name} was not renewed: ${error}` });
      return;
    }
    const details = { reason: `the lease ${lease.name} was taken over by somebody else`, suggestion: "run it again" };
    lost.abort(new UserError("StackLocked", details));
  }
}

/** A lease that stays ends by itself: that is no reason to fail. */
async function release({ cloud }: Pick<NodeStack, "cloud">, lease: Lease, { onEvent }: LeaseOptions): Promise<void> {
  await cloud.deleteSshKey(lease.id).catch((error: ApiError) => {
    if (error.status === 404) return;
    const words = `the lease ${lease.name} stays until ${lease.until.toISOString()}: ${error.message}`;
    onEvent?.({ kind: "note", level: "warning", text: words });
  });
}

async function find({ cloud }: Pick<NodeStack, "cloud">, name: string): Promise<Lease | undefined> {
  const blob = publicKey(name).split(" ")[1];
  const key = (await cloud.sshKeys()).find((candidate) => candidate.public_key.split(" ")[1] === blob);
  return key && parse(key);
}

/**
 * Whoever is on this machine is asked for (a process that sleeps keeps its lease, a dead one loses it at once); of others only the time is
 * known.
 */
function isLive({ holder, nonce, until }: Lease, now: number): boolean {
  const [host, pid] = holder.split("/");
  if (host !== hostname() || !/^\d+$/.test(pid ?? "")) return until.getTime() > now;
  if (Number(pid) === process.pid) return held.has(nonce);
  return isAlive(Number(pid)) && isOurs(Number(pid));
}

/** Process numbers are used again. */
function isOurs(pid: number): boolean {
  try {
    return /node/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0] ?? "");
  } catch {
    return true;
  }
}

const PATTERN = /^windlass-lease (\S+) (\S+?)#([0-9a-f]+) until (\S+)$/;

function text({ name, holder, nonce, until }: Omit<Lease, "id">): string {
  return `windlass-lease ${name} ${holder}#${nonce} until ${until.toISOString()}`;
}

function parse({ id, name: label }: SshKey): Lease | undefined {
  const [, name, holder, nonce, until] = PATTERN.exec(label) ?? [];
  if (!name || !holder || !nonce || !until || Number.isNaN(Date.parse(until))) return undefined;
  return { id, name, holder, nonce, until: new Date(until) };
}

/** An ed25519 key whose 32 bytes are the SHA-256 of the name. */
function publicKey(name: string): string {
  const part = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  const digest = createHash("sha256").update(name).digest();
  return `ssh-ed25519 ${Buffer.concat([part(Buffer.from("ssh-ed25519")), part(digest)]).toString("base64")}`;
}

/** Taken (422), or nobody knows (no answer, 5xx): a look tells. */
function unclear(error: ApiError, tries: number): undefined {
  const { status } = error;
  if (status !== 422 && (tries >= TRIES || (status !== 0 && !(status >= 500)))) throw error;
}

function gone(error: ApiError): void {
  if (error.status !== 404) throw error;
}

function taken({ name, holder, until }: Lease): UserError {
  return new UserError("StackLocked", {
    ...{ lease: name, holder, until: until.toISOString() },
    reason: `${name} is being worked on by ${holder} (until ${until.toISOString()} unless it goes on)`,
    suggestion: "wait for it; if whoever did it is gone, give --break-lock",
  });
}
