import type { Command } from "commander";
import { openNodeStack } from "../lifecycle/open-node-stack.ts";
import { type ResumePlan, type ResumeResult, resumeNode } from "../lifecycle/resume.ts";
import { ask, refuseWithoutTerminal } from "./confirm.ts";
import {
  type CommonOptions,
  changingCommand,
  type GateFlags,
  gateOptions,
  targetOptions,
  withOverrides,
} from "./options.ts";
import { bold, print, printJson } from "./output.ts";
import { withSession } from "./session.ts";

interface ResumeFlags extends CommonOptions, GateFlags {
  node?: string;
  run?: boolean;
  image?: string;
  fallbackSize?: string[];
  wait: boolean;
  breakLock?: boolean;
}

export default function command(): Command {
  return withOverrides(changingCommand("resume"))
    .argument("[node]", "the node (default: the stack's)")
    .option("-n, --node <name>", "the same")
    .option("--run", "start the training job again: it goes on from its newest checkpoint")
    .option("--image <image>", "another image than what the stop kept: a slug or a snapshot's id")
    .option(
      "--fallback-size <size...>",
      "sizes to try where the config's cannot be had (default: windlass:fallbackSizes)",
    )
    .option("--no-wait", "do not wait for capacity")
    .option("--break-lock", "take over from whoever works on the node; only right when they are gone")
    .description("bring a stopped node back")
    .addHelpText(
      "after",
      `
The droplet comes back from what the stop kept, with its name, firewall, reserved IP and volume. Where no machine of its size is to be had,
it is tried again after 1, 2, 5, 10 and 30 minutes, then the fallback sizes; else everything stays stopped. A stop that has not ended is
undone. Where a budget or a policy refuses it everything stays stopped: exit code 3. Run it again after a kill: it goes on from there.

Examples:
  $ windlass node resume
  $ windlass node resume train-001 --run --yes
  $ windlass node resume --fallback-size gpu-h200x1-141gb gpu-l40sx1-48gb
  $ windlass node resume --image gpu-h100x1-base      where the stop's snapshot was deleted`,
    )
    .action(run);
}

async function run(name: string | undefined, flags: ResumeFlags): Promise<void> {
  if (!flags.yes && !flags.dryRun) refuseWithoutTerminal("--yes");
  const gate = gateOptions(flags);
  const node = name ?? flags.node;
  const { image, fallbackSize, dryRun, breakLock } = flags;
  const result = await withSession(async (session) => {
    const stack = await openNodeStack({ ...targetOptions(flags), ...session, ...gate, ...(node ? { node } : {}) });
    return resumeNode(stack, {
      ...session,
      ...(flags.run ? { run: true } : {}),
      ...(image === undefined ? {} : { image }),
      ...(fallbackSize ? { fallbackSizes: fallbackSize } : {}),
      ...(dryRun ? { dryRun } : {}),
      ...(breakLock ? { breakLease: true } : {}),
      wait: flags.wait,
      confirm: async (plan) => {
        process.stderr.write(`${planLines(plan).join("\n")}\n`);
        return flags.yes === true || ask(`Resume ${plan.node}?`, "--yes");
      },
    });
  });
  if (flags.json) printJson(result);
  else printResult(result);
}

function planLines({ node, region, image, sizes, hourlyUsd, volumeFrom, stoppedAt }: ResumePlan): string[] {
  const [first, ...others] = sizes;
  const price = hourlyUsd === null ? "" : `, $${hourlyUsd.toFixed(2)} per hour`;
  return [
    `Node ${node}${stoppedAt ? `, stopped since ${stoppedAt}` : ""}: a droplet from ${image}, ${first} in ${region}${price}`,
    ...(others.length > 0 ? [`  else with ${others.join(", ")}`] : []),
    ...(volumeFrom ? [`  its volume is made from snapshot ${volumeFrom} first`] : []),
  ];
}

function printResult({ node, outcome, size, ipAddress, dropletId, training, plan, warnings }: ResumeResult): void {
  const at = `droplet ${dropletId}, ${size}${ipAddress ? `, ${ipAddress}` : ""}`;
  if (outcome === "planned")
    print(...(plan ? planLines(plan) : [`a stop or resume of ${node} under way would be ended`]));
  else if (outcome === "already") print(`${node} runs already (${at}): nothing was done.`);
  else if (outcome === "cancelled") print("", bold(`The stop of ${node} was undone: it runs (${at}).`));
  else print("", bold(`${node} is back: ${at}.`));
  for (const warning of warnings) print(`  warning: ${warning}`);
  if (training) print("  the training job runs again");
}
