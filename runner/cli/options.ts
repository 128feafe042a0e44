import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Command, Option } from "commander";
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
