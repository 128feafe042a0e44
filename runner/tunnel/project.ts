import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { UserError } from "../../domain/errors.ts";
import { readStackFile } from "../../stacks/config-source.ts";
import { OWN_ROOT } from "../own-root.ts";
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

/** The `.windlass` folder that tunnels are kept in. */
export function tunnelHome(home?: string): string {
  return home ?? process.env.WINDLASS_HOME ?? join(OWN_ROOT, ".windlass");
}

function folderOf(home: string, cloud: TunnelCloud, name: string): string {
  return join(home, "tunnels", cloud, name);
}

/** What is remembered of a tunnel, if anything is. */
export function readTunnelRecord(home: string, cloud: TunnelCloud, name: string): TunnelRecord | undefined {
  const file = join(folderOf(home, cloud, name), "tunnel.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as TunnelRecord) : undefined;
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

/** Writes the Pulumi project of a tunnel, and answers with the engine's target. Its program runs in this process. */
export function tunnelTarget(home: string, record: TunnelRecord): Target {
  const root = folderOf(home, record.cloud, record.name);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  writeFileSync(join(root, "Pulumi.yaml"), stringify({ name: record.name, runtime: "nodejs" }));
  writeFileSync(join(root, `Pulumi.${STACK}.yaml`), "");
  writeFileSync(join(root, "tunnel.json"), `${JSON.stringify(record, null, 2)}\n`);
  return {
    root,
    home,
    project: record.name,
    stack: STACK,
    // The bundled plugin is used on both ways: there is nothing to download.
    cloud: "local",
    config: readStackFile(root, STACK),
    backend: `file://${join(home, "tunnel-state", record.cloud)}`,
  };
}

/** Forgets a tunnel that is gone. */
export function forgetTunnel(home: string, { cloud, name }: TunnelRecord): void {
  rmSync(folderOf(home, cloud, name), { recursive: true, force: true });
}
