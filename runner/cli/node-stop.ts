import { type Command, Option } from "commander";
import { UserError } from "../../domain/errors.ts";
import { openNodeStack } from "../lifecycle/open-node-stack.ts";
import { type StopPlan, type StopResult, stopNode } from "../lifecycle/stop.ts";
import { ask, refuseWithoutTerminal } from "./confirm.ts";
import { type CommonOptions, changingCommand, targetOptions } from "./options.ts";
import { bold, print, printJson } from "./output.ts";
import { withSession } from "./session.ts";

interface StopFlags extends CommonOptions {
  node?: string;
  strategy?: "auto" | "snapshot" | "golden";
  hook?: string;
  hookMinutes?: string;
  requireHook?: boolean;
  breakLock?: boolean;
}

export default function command(): Command {
  return changingCommand("stop")
    .argument("[node]", "the node (default: the stack's)")
    .option("-n, --node <name>", "the same")
    .addOption(
      new Option("--strategy <how>", "how the root disk survives (default: windlass:stopStrategy)").choices([
        "auto",
        "snapshot",
        "golden",
      ]),
    )
    .option("--hook <command>", "run this on the node first (default: windlass:stopHook)")
    .option("--hook-minutes <n>", "the longest that it may take (default: windlass:stopHookMinutes)")
    .option("--require-hook", "do not stop the node where the hook fails or takes too long")
    .option("--break-lock", "take over from whoever works on the node; only right when they are gone")
    .description("end the node's bill and keep what is on it")
    .addHelpText(
      "after",
      `
A powered-off droplet is billed like a running one, so the droplet is destroyed: after the training job has ended, the root disk is in a
snapshot (or its folders are on the volume) and that is verified. The volume stays. A stopped node stays stopped for every windlass up,
until windlass node resume. Run it again after a kill: it goes on from there.

Examples:
  $ windlass node stop
  $ windlass node stop train-001 --dry-run            what it takes, and from how much idle time on it pays
  $ windlass node stop --yes --strategy golden        minutes in place of hours: the root disk is rebuilt
  $ windlass node stop --yes --hook 'make upload' --require-hook`,
    )
    .action(run);
}

async function run(name: string | undefined, flags: StopFlags): Promise<void> {
  if (!flags.yes && !flags.dryRun) refuseWithoutTerminal("--yes");
  const node = name ?? flags.node;
  const hookMinutes = positive(flags.hookMinutes, "--hook-minutes");
  const { strategy, hook, requireHook, dryRun, breakLock } = flags;
  const result = await withSession(async (session) => {
    const stack = await openNodeStack({ ...targetOptions(flags), ...session, ...(node ? { node } : {}) });
    return stopNode(stack, {
      ...session,
      ...(strategy ? { strategy } : {}),
      ...(hook === undefined ? {} : { hook }),
      ...(hookMinutes === undefined ? {} : { hookMinutes }),
      ...(requireHook ? { requireHook } : {}),
      ...(dryRun ? { dryRun } : {}),
      ...(breakLock ? { breakLease: true } : {}),
      confirm: async (plan) => {
        process.stderr.write(`${planLines(plan).join("\n")}\n`);
        return flags.yes === true || ask(`Stop ${plan.node}?`, "--yes");
      },
    });
  });
  if (flags.json) printJson(result);
  else printResult(result);
}

/** What the stop takes and saves, with the sources of the rates. */
export function planLines(plan: StopPlan): string[] {
  const { node, strategy, size, region, dropletId, hourlyUsd, usedRootGiB, breakEven } = plan;
  const used =
    usedRootGiB === null ? "20 GiB of the root disk assumed" : `${usedRootGiB.toFixed(1)} GiB of the root disk in use`;
  const how =
    strategy === "snapshot" ? "the root disk in a snapshot" : "the root disk rebuilt, its folders on the volume";
  const lines = [`Node ${node}: droplet ${dropletId}, ${size} in ${region}; ${how} (${used})`];
  if (!breakEven || hourlyUsd === null) return [...lines, `  the price of ${size} is not known`];
  const { stopMinutes, resumeMinutes, stopUsd, resumeUsd, breakEvenIdleHours, storageMonthlyUsd } = breakEven;
  const range = ({ least, most }: { least: number; most: number }, digits: number) =>
    `${least.toFixed(digits)} to ${most.toFixed(digits)}`;
  return [
    ...lines,
    `  stop:   ${range(stopMinutes, 0)} min, $${range(stopUsd, 2)}`,
    `  resume: ${range(resumeMinutes, 0)} min, $${range(resumeUsd, 2)}`,
    `  saves $${hourlyUsd.toFixed(2)} per hour; pays from ${range(breakEvenIdleHours, 1)} idle hours on; the copy costs $${storageMonthlyUsd.toFixed(2)} per month`,
    ...breakEven.sources.map((source) => `  (${source})`),
  ];
}

function printResult(result: StopResult): void {
  const { node, outcome, stillBilled, warnings, image, plan, destroyed } = result;
  if (outcome === "planned") {
    print(...(plan ? planLines(plan) : []));
    return;
  }
  if (outcome === "already") print(`${node} is stopped already: nothing was done.`);
  else print("", bold(`${node} is stopped: droplet ${destroyed.join(", ")} is gone, and its bill has ended.`));
  for (const warning of warnings) print(`  warning: ${warning}`);
  for (const { kind, name, id, sizeGiB, monthlyUsd } of stillBilled) {
    const size = sizeGiB === undefined ? "" : `, ${sizeGiB} GiB`;
    print(`  stays: ${kind} ${name}${id === name ? "" : ` (${id})`}${size}, $${monthlyUsd.toFixed(2)} per month`);
  }
  if (image) print(`  resume starts from ${image}`);
  print("", "What to type next:", `  windlass node resume ${node}     bring it back as it was`);
}

/** A number above 0, or nothing where it was not given. */
export function positive(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (number > 0 && Number.isFinite(number)) return number;
  const details = { reason: `${flag}: got ${JSON.stringify(text)}, a number above 0 is needed` };
  throw new UserError("UsageError", details, { exitCode: 2 });
}
