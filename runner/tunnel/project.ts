import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../domain/errors.ts";
import { ownTarget, readOwnRecord } from "../engine/own-target.ts";
import type { Target } from "../target.ts";

/** Where a tunnel is: at Cloudflare, or on the local cloud. */
export type TunnelCloud = "cloudflare" | "local";

/** What is remembered of a tunnel: enough to find it again by its name. */
export interface TunnelRecord {
  name: string;
  cloud: TunnelCloud;
  /** Id of the Cloudflare account. */
  account: string;
  /** Absolute. */
  file: string;
}

/** Name of the one stack of each tunnel's project. */
const STACK = "tunnel";

function folderOf(home: string, cloud: TunnelCloud, name: string): string {
  return join(home, "tunnels", cloud, name);
}

/** What is remembered of a tunnel, if anything is. */
export function readTunnelRecord(home: string, cloud: TunnelCloud, name: string): TunnelRecord | undefined {
  return readOwnRecord<TunnelRecord>(folderOf(home, cloud, name), STACK);
}

/** The same. Throws `UserError` `NotFound` with the names that there are. */
export function requireTunnelRecord(home: string, cloud: TunnelCloud, name: string): TunnelRecord {
  const record = readTunnelRecord(home, cloud, name);
  if (record) return record;
  const local = cloud === "local";
  const known = namesOf(home, cloud);
  const make = known.length > 0 ? `there are: ${known.join(", ")}` : "make one: windlass tunnel up FILE";
  const elsewhere = local
    ? "there is one at Cloudflare: leave --cloud local out"
    : "there is one on the local cloud: give --cloud local";
  throw new UserError("NotFound", {
    reason: `no tunnel ${name} was made here ${local ? "on the local cloud" : "at Cloudflare"}`,
    suggestion: namesOf(home, local ? "cloudflare" : "local").includes(name) ? elsewhere : make,
  });
}

function namesOf(home: string, cloud: TunnelCloud): string[] {
  const folder = join(home, "tunnels", cloud);
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

/** Remembers a tunnel, and answers with the engine's target. */
export function tunnelTarget(home: string, record: TunnelRecord): Target {
  const { name, cloud } = record;
  const backend = `file://${join(home, "tunnel-state", cloud)}`;
  return ownTarget({ root: folderOf(home, cloud, name), home, project: name, stack: STACK, backend }, record);
}

/** Forgets a tunnel that is gone. */
export function forgetTunnel(home: string, { cloud, name }: TunnelRecord): void {
  rmSync(folderOf(home, cloud, name), { recursive: true, force: true });
}
