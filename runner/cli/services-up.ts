import { type Command, InvalidArgumentError, Option } from "commander";
import { GPU_MODES, type GpuMode } from "../../domain/services/gpus.ts";
import type { ServicesPlan } from "../services/up.ts";
import { ask, refuseWithoutTerminal } from "./confirm.ts";
import { bold, changesLine, print, printJson } from "./output.ts";
import { type ChangingFlags, changing, FILES, servicesCommand, servicesOptions } from "./services-flags.ts";
import { stateLines } from "./services-ps.ts";
import { withSession } from "./session.ts";

interface UpFlags extends ChangingFlags {
  waitTimeout?: number;
  strictPorts?: boolean;
  gpu?: GpuMode;
  gpuWait?: number;
  metrics?: string;
}

export function upCommand(): Command {
  return changing(servicesCommand("up"))
    .argument("[file...]", FILES)
    .option(
      "--wait-timeout <seconds>",
      "how long each service may take to become healthy (default: what its check allows)",
      seconds,
    )
    .option("--strict-ports", "refuse where a port of the host is taken (default: take the next free one)")
    .option("--no-strict-ports", "take the next free one, though the settings say otherwise")
    .addOption(
      new Option("--gpu <mode>", "GPUs for each service of its own, for the services together, or none").choices(
        GPU_MODES,
      ),
    )
    .option(
      "--gpu-wait <seconds>",
      "how long to stand in line for GPUs that others hold (default: not at all)",
      waiting,
    )
    .option("--metrics <file.prom>", "keep waits and failures there, for node_exporter's textfile collector")
    .description("make what the files declare, in the order of depends_on, and wait until it is healthy")
    .addHelpText("after", EXAMPLES)
    .action(up);
}

const EXAMPLES = `
Only what differs is made anew. Volumes are protected. What of the files is not applied is told on stderr, with file and line.

Examples:
  $ windlass services up compose.yaml
  $ windlass services up compose.yaml --host ssh://root@nas --yes
  $ windlass services up trading --gpu-wait 600 --yes
  $ windlass services up shop --strict-ports --dry-run`;

function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0)) throw new InvalidArgumentError("give seconds above 0");
  return value;
}

function waiting(text: string): number {
  return text.trim() === "0" ? 0 : seconds(text);
}

async function up(files: string[], flags: UpFlags): Promise<void> {
  if (!flags.yes && !flags.dryRun) refuseWithoutTerminal("--yes");
  const { waitTimeout, strictPorts, gpu, gpuWait, metrics } = flags;
  const { servicesUp } = await import("../services/up.ts");
  const result = await withSession((session) =>
    servicesUp({
      ...session,
      ...servicesOptions(flags),
      files,
      ...(waitTimeout === undefined ? {} : { healthySeconds: waitTimeout }),
      ...(strictPorts === undefined ? {} : { strictPorts }),
      ...(gpu === undefined ? {} : { gpu }),
      ...(gpuWait === undefined ? {} : { gpuWaitSeconds: gpuWait }),
      ...(metrics === undefined ? {} : { metricsFile: metrics }),
      ...(flags.dryRun ? { dryRun: true } : {}),
      ...(flags.yes || flags.dryRun ? {} : { confirm: confirmed }),
    }),
  );
  if (flags.json) return printJson(result);
  if (flags.dryRun) return showPlan(result);
  print(bold(`${result.project} on ${result.host}: ${doneLine(result.changes)}`), ...stateLines(result.services));
  for (const { service, gpus } of result.gpus) print(`${service} has ${gpus.join(", ")}`);
}

async function confirmed(plan: ServicesPlan): Promise<boolean> {
  showPlan(plan);
  return ask(`Bring ${plan.project} up on ${plan.host}?`, "--yes");
}

function showPlan({ project, host, changes, steps }: ServicesPlan): void {
  print(bold(`${project} on ${host}: ${changesLine(changes)}`));
  const marks: Record<string, string> = { create: "+", update: "~", replace: "±", delete: "-" };
  for (const { action, kind, name, changed } of steps)
    print(`  ${marks[action] ?? " "} ${kind} ${name}${changed.length > 0 ? ` (${changed.join(", ")})` : ""}`);
}

export function doneLine(changes: ServicesPlan["changes"]): string {
  const words = [
    [changes.create, "made"],
    [changes.update, "changed"],
    [changes.replace, "made anew"],
    [changes.delete, "removed"],
    [changes.same, "as they were"],
  ] as const;
  return words.flatMap(([count, word]) => (count ? [`${count} ${word}`] : [])).join(", ") || "nothing to do";
}
