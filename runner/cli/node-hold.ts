import type { Command } from "commander";
import { UserError } from "../../domain/errors.ts";
import { holdNode, releaseNode } from "../lifecycle/hold.ts";
import { type CommonOptions, changingCommand, targetOptions } from "./options.ts";
import { print, printJson } from "./output.ts";

interface HoldFlags extends CommonOptions {
  node?: string;
  for?: string;
  why?: string;
}

/** `windlass node hold`. */
export function holdCommand(): Command {
  return changingCommand("hold")
    .argument("[node]", "the node (default: the one of the config)")
    .option("--for <duration>", "how long: 30m, 8h, 2d; at most 30d")
    .option("--why <text>", "what for")
    .option("-n, --node <name>", "the same as the argument")
    .description("keep the watcher from stopping the node, or from expiring a stopped one")
    .addHelpText("after", '\nExamples:\n  $ windlass node hold --for 8h --why "benchmark runs overnight"')
    .action(hold);
}

/** `windlass node release`. */
export function releaseCommand(): Command {
  return changingCommand("release")
    .argument("[node]", "the node (default: the one of the config)")
    .option("-n, --node <name>", "the same as the argument")
    .description("end a hold before its time")
    .addHelpText("after", "\nExamples:\n  $ windlass node release")
    .action(release);
}

async function hold(name: string | undefined, flags: HoldFlags): Promise<void> {
  if (flags.for === undefined) throw missing("--for", "for example --for 8h");
  if (flags.why === undefined) throw missing("--why", 'for example --why "benchmark runs overnight"');
  const node = name ?? flags.node;
  const result = await holdNode({
    ...targetOptions(flags),
    ...(node === undefined ? {} : { node }),
    ...{ for: flags.for, why: flags.why, dryRun: flags.dryRun === true },
  });
  if (flags.json) printJson(result);
  else print(`${result.node} ${flags.dryRun ? "would be" : "is"} held until ${result.until}: ${result.why}`);
}

async function release(name: string | undefined, flags: HoldFlags): Promise<void> {
  const node = name ?? flags.node;
  const result = await releaseNode({
    ...targetOptions(flags),
    ...(node === undefined ? {} : { node }),
    dryRun: flags.dryRun === true,
  });
  if (flags.json) printJson(result);
  else if (!result.released) print(`${result.node} was not held.`);
  else print(`${result.node} ${flags.dryRun ? "would be" : "is"} released.`);
}

function missing(flag: string, suggestion: string): UserError {
  return new UserError("UsageError", { reason: `a hold needs ${flag}`, suggestion }, { exitCode: 2 });
}
