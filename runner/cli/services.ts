import { Command, Option } from "commander";
import { windlassHome } from "../own-root.ts";
import { downCommand } from "./services-down.ts";
import { listCommand } from "./services-list.ts";
import { logsCommand } from "./services-logs.ts";
import { psCommand } from "./services-ps.ts";
import { pullCommand } from "./services-pull.ts";
import { restartCommand } from "./services-restart.ts";
import { settingsCommand } from "./services-settings.ts";
import { upCommand } from "./services-up.ts";

interface ServicesFlags {
  format?: "yaml" | "json";
  json?: boolean;
  quiet?: boolean;
  profile?: string[];
  envFile?: string[];
  projectName?: string;
}

export default function command(): Command {
  const services = new Command("services").addHelpText("after", EXAMPLES);
  services.addCommand(
    new Command("config")
      .argument(
        "[file...]",
        "Compose files, a folder that has one, or a name of the catalog; a later one is merged over an earlier one",
      )
      .addOption(new Option("--format <form>", "yaml or json (default: yaml)").choices(["yaml", "json"]))
      .option("--json", "the same as --format json")
      .option("-q, --quiet", "only check, print nothing")
      .option("--profile <name...>", "active profiles; * is all (default: COMPOSE_PROFILES)")
      .option("--env-file <file...>", "variables, in place of .env beside the first file")
      .option("-p, --project-name <name>", "in place of `name:` and the folder's name")
      .description("check Compose files and print the one model they make")
      .addHelpText("after", EXAMPLES)
      .action(config),
  );
  services.addCommand(listCommand());
  services.addCommand(settingsCommand());
  for (const make of [upCommand, downCommand, psCommand, logsCommand, restartCommand, pullCommand])
    services.addCommand(make());
  return services;
}

const EXAMPLES = `
Variables come from the environment, then from .env. The result is that of docker compose config 2.40.3; what Windlass does not run is
refused with file and line, what has no effect is told on stderr. docs/services.md lists both, and the files of the catalog.

Examples:
  $ windlass services list
  $ IMAGE_TAG=4f2a9c1 windlass services config agent-nas
  $ windlass services config compose.yaml
  $ windlass services config compose.yaml compose.prod.yaml --json | jq .services.web.ports
  $ windlass services config . --profile debug --env-file prod.env
  $ windlass services config --quiet && echo fine`;

async function config(files: string[], flags: ServicesFlags): Promise<void> {
  const [{ toJson, toYaml }, { readServices }, { readSettings }] = await Promise.all([
    import("../../domain/compose/render.ts"),
    import("../services/files.ts"),
    import("../services/settings.ts"),
  ]);
  const { project, warnings } = readServices({
    files,
    ...(flags.profile ? { profiles: flags.profile } : {}),
    ...(flags.envFile ? { envFiles: flags.envFile } : {}),
    ...(flags.projectName === undefined ? {} : { projectName: flags.projectName }),
    settings: readSettings(windlassHome()),
  });
  for (const { file, line, reason } of warnings) process.stderr.write(`warning: ${file}:${line}: ${reason}\n`);
  if (flags.quiet) return;
  const json = flags.json === true || flags.format === "json";
  process.stdout.write(json ? `${toJson(project)}\n` : toYaml(project));
}
