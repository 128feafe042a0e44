import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Command, Option } from "commander";
import { UserError } from "../../domain/errors.ts";
import type { TargetOptions } from "../target.ts";

/** Options that every command has. */
export interface CommonOptions {
  stack?: string;
  cloud?: string;
  cwd?: string;
  json?: boolean;
  yes?: boolean;
  dryRun?: boolean;
}

/** A command with the options that all have. */
export function stackCommand(name: string): Command {
  return new Command(name)
    .option("-s, --stack <name>", "the stack (default: the selected one, else dev)")
    .addOption(
      new Option("--cloud <where>", "where the stack lives (default: its config)").choices(["local", "digitalocean"]),
    )
    .option(
      "-C, --cwd <dir>",
      "folder of the Pulumi project (default: the one around this folder, else Windlass's own)",
    )
    .option("--json", "print exactly one JSON document on stdout; progress goes to stderr");
}

/** The same for commands that change something. */
export function changingCommand(name: string): Command {
  return stackCommand(name).option("-y, --yes", "do not ask").option("--dry-run", "only show what would be done");
}

/** Options of commands that policies judge. */
export interface GateFlags {
  overridePolicy?: string[];
  why?: string;
}

/** Adds what overrides a policy: both or neither. */
export function withOverrides(command: Command): Command {
  return command
    .option("--override-policy <id>", "let this policy only tell this time, with --why (repeatable)", collect)
    .option("--why <text>", "why policies are overridden; kept in the audit log and in the stack's history");
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** The overrides as the library takes them. */
export function gateOptions({ overridePolicy = [], why }: GateFlags): {
  overrides?: { policy: string; why: string }[];
} {
  if (overridePolicy.length === 0 && why === undefined) return {};
  if (overridePolicy.length > 0 && why?.trim()) {
    return { overrides: [...new Set(overridePolicy)].map((policy) => ({ policy, why: why.trim() })) };
  }
  const missing = overridePolicy.length === 0 ? "--override-policy ID" : '--why "the reason"';
  throw new UserError(
    "UsageError",
    { reason: "--override-policy and --why go together", suggestion: `give ${missing} too` },
    { exitCode: 2 },
  );
}

/** Options as the library takes them. */
export function targetOptions({ stack, cloud, cwd }: CommonOptions): TargetOptions {
  const root = cwd ?? projectAround(process.cwd());
  return { ...(stack ? { stack } : {}), ...(cloud ? { cloud } : {}), ...(root ? { root } : {}) };
}

/** The nearest folder upwards that has a Pulumi.yaml, as `pulumi` looks for it. */
function projectAround(folder: string): string | undefined {
  if (existsSync(join(folder, "Pulumi.yaml"))) return folder;
  return dirname(folder) === folder ? undefined : projectAround(dirname(folder));
}
