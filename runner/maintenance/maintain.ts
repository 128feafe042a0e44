import { join } from "node:path";
import type { EngineAddress } from "../../clients/docker/engine.ts";
import { openEngine } from "../../clients/docker/engine.ts";
import { UserError } from "../../domain/errors.ts";
import { HEALTH_LIMITS } from "../../domain/health/result.ts";
import { jsonLines } from "../json-lines.ts";
import { windlassHome } from "../own-root.ts";
import type { OperationOptions } from "../progress.ts";
import { engineDisk, mountedDisks } from "../runbooks/disks.ts";
import { type Member, stackMembers } from "../runbooks/members.ts";
import { records, requireRecord } from "../services/record.ts";
import { defaultEngine } from "../services/settings.ts";
import { type Cleaned, type CleanKind, type CleanOptions, clean } from "./clean.ts";

export type MaintenanceList = "daily" | "weekly";

export interface MaintenanceOptions extends OperationOptions, Pick<CleanOptions, "minAgeMs" | "logBytes"> {
  list: MaintenanceList;
  /** Names of stacks of services. @default all that were brought up from here */
  stacks?: readonly string[];
  /** The `.windlass` folder. */
  home?: string;
  dryRun?: boolean;
}

/** One thing of a list that was done on one engine. */
export interface MaintenanceTask {
  task: "log rotation" | "health report" | "disk check" | "clean-up";
  host: string;
  outcome: "done" | "planned" | "failed";
  /** What came of it, or why it failed. */
  detail: string;
}

export interface MaintenanceResult {
  list: MaintenanceList;
  /** ISO 8601. */
  at: string;
  dryRun: boolean;
  tasks: MaintenanceTask[];
  /** What was cleaned away, or would be. */
  cleaned: (Cleaned & { host: string })[];
  /** Services that are not well. */
  services: { stack: string; host: string; service: string; container: string; state: string }[];
  disks: { host: string; where: string; usedPercent: number | null; reason: string | null }[];
  /** What somebody has to look at. */
  problems: string[];
}

const FILE_BYTES = 10_000_000;

/** The file of what was done and found, one result a line. */
export function maintenanceFile(home: string): string {
  return join(home, "log", "maintenance.jsonl");
}

/**
 * Carries out a list. Daily: rotates large logs of containers, reports services that are not well, checks the disks, and where one is above 90
 * percent cleans nameless images and old build cache up. Weekly: the same, and that clean-up with unused images of registries in any case.
 * Volumes and containers are never touched. A task that fails does not keep the others from being done. Throws `NotFound` for an unknown stack.
 */
export async function maintain(options: MaintenanceOptions): Promise<MaintenanceResult> {
  const { list, dryRun = false } = options;
  const home = windlassHome(options.home);
  const result: MaintenanceResult = {
    ...{ list, at: new Date().toISOString(), dryRun },
    ...{ tasks: [], cleaned: [], services: [], disks: [], problems: [] },
  };
  for (const engine of enginesOf(home, options.stacks)) await maintainEngine(engine, options, result);
  if (!dryRun)
    jsonLines<MaintenanceResult>(maintenanceFile(home), FILE_BYTES, (line) => "tasks" in line).append(result);
  return result;
}

interface Engine {
  address: EngineAddress;
  stacks: string[];
}

/** The engines of the stacks, each once; without any stack the usual one. */
function enginesOf(home: string, stacks: readonly string[] | undefined): Engine[] {
  const chosen = stacks ? stacks.map((name) => requireRecord(home, name)) : records(home);
  const engines = new Map<string, Engine>();
  for (const { project, host, sshOpts } of chosen) {
    const known = engines.get(host) ?? { address: { host, sshOpts }, stacks: [] };
    engines.set(host, { ...known, stacks: [...known.stacks, project] });
  }
  return engines.size > 0 ? [...engines.values()] : [{ address: { host: defaultEngine(home) }, stacks: [] }];
}

async function maintainEngine(
  { address, stacks }: Engine,
  options: MaintenanceOptions,
  result: MaintenanceResult,
): Promise<void> {
  const { list, dryRun = false, onEvent, signal } = options;
  const docker = openEngine(address);
  const { host } = address;
  const members: (Member & { stack: string })[] = [];
  const attempt = async (task: MaintenanceTask["task"], work: () => Promise<string>): Promise<void> => {
    signal?.throwIfAborted();
    onEvent?.({ kind: "phase", text: `${task} on ${host}` });
    try {
      result.tasks.push({ task, host, outcome: dryRun ? "planned" : "done", detail: await work() });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      result.tasks.push({ task, host, outcome: "failed", detail: error.details.reason });
      result.problems.push(`${task} on ${host}: ${error.details.reason}`);
    }
  };
  const cleanUp = async (kinds: readonly CleanKind[]): Promise<string> => {
    const { minAgeMs, logBytes } = options;
    const limits = { ...(minAgeMs === undefined ? {} : { minAgeMs }), ...(logBytes === undefined ? {} : { logBytes }) };
    const gone: Cleaned[] = [];
    for await (const one of clean({
      docker,
      address,
      kinds,
      containers: members,
      dryRun,
      now: Date.now(),
      ...limits,
    })) {
      gone.push(one);
      result.cleaned.push({ ...one, host });
    }
    const bytes = gone.reduce((sum, one) => sum + one.bytes, 0);
    return gone.length === 0 ? "nothing to do" : `${gone.length} of ${Math.ceil(bytes / 1_048_576)} MiB`;
  };

  await attempt("health report", async () => {
    for (const stack of stacks)
      members.push(...(await stackMembers(docker, address, stack)).map((member) => ({ ...member, stack })));
    // A task that went well has ended with 0.
    const sick = members.filter(({ well, state }) => !well && state !== "exited (0)");
    for (const { stack, service, container, state } of sick) {
      result.services.push({ stack, host, service, container, state });
      result.problems.push(`${container} is ${state}`);
    }
    return `${members.length - sick.length} of ${members.length} containers are well`;
  });
  await attempt("log rotation", () => cleanUp(["logs"]));
  let full = false;
  await attempt("disk check", async () => {
    const engine = await engineDisk({ docker, address }, 15_000);
    const mounted = await Promise.all(
      members.map((member) => mountedDisks({ docker, address }, member, engine, 15_000)),
    );
    for (const disk of [engine, ...mounted.flat()]) {
      const { where } = disk;
      const usedPercent = "usedPercent" in disk ? disk.usedPercent : null;
      result.disks.push({ host, where, usedPercent, reason: "reason" in disk ? disk.reason : null });
      if (usedPercent === null || usedPercent <= HEALTH_LIMITS.diskPercent) continue;
      if (disk === engine) full = true;
      result.problems.push(`${where} is ${usedPercent} % full: windlass runbook disk-full`);
    }
    return `${result.disks.length} looked at`;
  });
  const always: CleanKind[] = ["dangling-images", "build-cache", "unused-images"];
  if (list === "weekly") await attempt("clean-up", () => cleanUp(always));
  else if (full) await attempt("clean-up", () => cleanUp(["dangling-images", "build-cache"]));
}
