import { Command } from "commander";

/** Options by which a stack of services is found. */
export interface ServicesFlags {
  host?: string;
  sshOpt?: string[];
  profile?: string[];
  envFile?: string[];
  projectName?: string;
  json?: boolean;
}

/** Options of commands that change something. */
export interface ChangingFlags extends ServicesFlags {
  yes?: boolean;
  dryRun?: boolean;
}

/** A command with the options by which a stack of services is found. */
export function servicesCommand(name: string): Command {
  return new Command(name)
    .option(
      "-H, --host <address>",
      "the Docker engine: unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST (default: DOCKER_HOST)",
    )
    .option("--ssh-opt <word...>", "words for ssh, as in --ssh-opt=-o --ssh-opt=UserKnownHostsFile=FILE")
    .option("--profile <name...>", "active profiles; * is all (default: COMPOSE_PROFILES)")
    .option("--env-file <file...>", "variables, in place of .env beside the first file")
    .option("-p, --project-name <name>", "in place of `name:` and the folder's name")
    .option("--json", "print exactly one JSON document on stdout; progress goes to stderr");
}

export function changing(command: Command): Command {
  return command.option("-y, --yes", "do not ask").option("--dry-run", "only show what would be done");
}

/** Options as the library takes them. */
export function servicesOptions({ host, sshOpt, profile, envFile, projectName }: ServicesFlags) {
  return {
    ...(host === undefined ? {} : { host }),
    ...(sshOpt ? { sshOpts: sshOpt } : {}),
    ...(profile ? { profiles: profile } : {}),
    ...(envFile ? { envFiles: envFile } : {}),
    ...(projectName === undefined ? {} : { projectName }),
  };
}

export const FILES =
  "Compose files, a folder that has one, a name of the catalog, or the name of a stack that was brought up before";
