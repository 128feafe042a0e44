import { Command } from "commander";
import { writeDevcontainer } from "../devcontainer.ts";
import { print, printJson } from "./output.ts";

interface DevcontainerFlags {
  out?: string;
  force?: boolean;
  dryRun?: boolean;
  json?: boolean;
}

export function devcontainerCommand(): Command {
  return new Command("devcontainer")
    .option("-o, --out <dir>", "where the files go; the project is the folder around it (default: .devcontainer)")
    .option("--force", "overwrite files that were edited")
    .option("--dry-run", "only show what would be written")
    .option("--json", "print exactly one JSON document on stdout")
    .description("write devcontainer.json and its Compose file: a workspace, PostgreSQL with pgvector, Redis, Qdrant")
    .addHelpText("after", EXAMPLES)
    .action(write);
}

const EXAMPLES = `
Examples:
  $ windlass config devcontainer
  $ windlass config devcontainer --out ../shop/.devcontainer --dry-run
  $ windlass services config .devcontainer/compose.yaml`;

function write(flags: DevcontainerFlags): void {
  const { folder, files } = writeDevcontainer({
    ...(flags.out === undefined ? {} : { folder: flags.out }),
    ...(flags.force ? { force: true } : {}),
    ...(flags.dryRun ? { dryRun: true } : {}),
  });
  if (flags.json) {
    printJson({ folder, files });
    return;
  }
  for (const { file, state } of files) print(`${state}: ${file}`);
}
