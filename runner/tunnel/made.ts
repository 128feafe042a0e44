import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { catalogTunnelFile } from "../../catalog/tunnels/names.ts";
import { UserError } from "../../domain/errors.ts";
import { windlassHome } from "../own-root.ts";
import type { Target } from "../target.ts";
import { type Access, access, type TunnelOptions } from "./access.ts";
import { readTunnel } from "./file.ts";
import { requireTunnelRecord, type TunnelCloud, type TunnelRecord, tunnelTarget } from "./project.ts";
import { tunnelId } from "./up.ts";

/** A tunnel that was made from this machine. */
export interface MadeTunnel {
  record: TunnelRecord;
  target: Target;
  id: string;
  api: Access;
}

/** By its name, or by its file. Throws `UserError` `NotFound` for one that was not made from here. */
export async function madeTunnel(options: TunnelOptions): Promise<MadeTunnel> {
  const { cloud = "cloudflare" } = options;
  const home = windlassHome(options.home);
  const record = requireTunnelRecord(home, cloud, nameOf(options.tunnel, cloud, home));
  const target = tunnelTarget(home, record);
  const id = tunnelId(target);
  if (id === null)
    throw new UserError("NotFound", {
      reason: `tunnel ${record.name} has not been made`,
      suggestion: `make it: windlass tunnel up ${record.file}`,
    });
  return { record, target, id, api: await access(options) };
}

/** A word that is no file is a name. */
function nameOf(word: string, cloud: TunnelCloud, home: string): string {
  if (existsSync(resolve(word))) return readTunnel(word).name;
  const fromCatalog = catalogTunnelFile(word) ? readTunnel(word).name : word;
  return requireTunnelRecord(home, cloud, fromCatalog).name;
}
