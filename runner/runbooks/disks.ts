import { asking } from "../../clients/docker/engine.ts";
import { containerExec } from "../../clients/docker/exec.ts";
import { hostCommand } from "../../clients/docker/host-command.ts";
import type { Member } from "./members.ts";
import type { Place } from "./place.ts";

/** How full a file system is. */
export interface DiskUse {
  /** Null for the engine's own disk. */
  service: string | null;
  where: string;
  device: string;
  totalKiB: number;
  usedPercent: number;
}

/** A disk that could not be looked at. */
export interface UnknownDisk {
  service: string | null;
  where: string;
  reason: string;
}

/** The engine's own disk, as `df` on its machine tells. */
export async function engineDisk(
  { docker, address }: Pick<Place, "docker" | "address">,
  timeoutMs: number,
): Promise<DiskUse | UnknownDisk> {
  const { DockerRootDir } = await asking(address, "ask for the engine's folder", () => docker.info());
  const where = `${address.host} ${DockerRootDir}`;
  try {
    const { code, stdout, stderr } = await hostCommand(address, ["df", "-P", "-k", DockerRootDir], timeoutMs);
    const [found] = code === 0 ? parseDf(stdout) : [];
    if (!found) return { service: null, where, reason: (stderr || stdout).trim() || `df ended with ${code}` };
    return { service: null, where, ...found.use };
  } catch (error) {
    return { service: null, where, reason: (error as Error).message };
  }
}

/** What is mounted into a container and lies on another file system than the engine's. */
export async function mountedDisks(
  { docker, address }: Pick<Place, "docker" | "address">,
  { id, service, running, state, mounts }: Member,
  engine: DiskUse | UnknownDisk,
  timeoutMs: number,
): Promise<(DiskUse | UnknownDisk)[]> {
  if (mounts.length === 0) return [];
  if (!running) return [{ service, where: service, reason: `it does not run: ${state}` }];
  const { code, stdout, stderr } = await containerExec(docker, address, id, ["df", "-P", "-k", ...mounts], timeoutMs);
  const found = parseDf(stdout);
  if (code !== 0 && found.length === 0)
    return [{ service, where: service, reason: (stderr || stdout).trim().split("\n")[0] ?? "" }];
  const same = (use: { device: string; totalKiB: number }) =>
    "device" in engine && engine.device === use.device && engine.totalKiB === use.totalKiB;
  return found
    .filter(({ use }) => !same(use))
    .map(({ use, mount }) => ({ service, where: `${service}:${mount}`, ...use }));
}

/** Lines of `df -P -k` (POSIX): device, KiB in all, used, free, percent, where. */
function parseDf(text: string): { mount: string; use: Pick<DiskUse, "device" | "totalKiB" | "usedPercent"> }[] {
  return text
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, device = "", total, percent, mount = ""] =
        /^(\S+)\s+(\d+)\s+\d+\s+-?\d+\s+(\d+)%\s+(.+)$/.exec(line) ?? [];
      return device ? [{ mount, use: { device, totalKiB: Number(total), usedPercent: Number(percent) } }] : [];
    });
}
