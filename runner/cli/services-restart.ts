import type { Command } from "commander";
import { ask, refuseWithoutTerminal } from "./confirm.ts";
import { print, printJson } from "./output.ts";
import { type ChangingFlags, changing, FILES, servicesCommand, servicesOptions } from "./services-flags.ts";
import { stateLines } from "./services-ps.ts";
import { withSession } from "./session.ts";

export function restartCommand(): Command {
  return changing(servicesCommand("restart"))
    .argument("<file>", FILES)
    .argument("[service...]", "which services (default: all)")
    .description("restart containers as they are; nothing is made anew")
    .addHelpText(
      "after",
      "\nExamples:\n  $ windlass services restart shop web\n  $ windlass services restart compose.yaml --yes",
    )
    .action(restart);
}

async function restart(file: string, services: string[], flags: ChangingFlags): Promise<void> {
  if (!flags.yes && !flags.dryRun) refuseWithoutTerminal("--yes");
  const options = { ...servicesOptions(flags), files: [file], services };
  const { servicesRestart } = await import("../services/restart.ts");
  if (!flags.yes && !flags.dryRun) {
    const { restarted, host } = await servicesRestart({ ...options, dryRun: true });
    if (!(await ask(`Restart ${restarted.join(", ")} on ${host}?`, "--yes"))) return print("Nothing was restarted.");
  }
  const result = await withSession((session) =>
    servicesRestart({ ...session, ...options, ...(flags.dryRun ? { dryRun: true } : {}) }),
  );
  if (flags.json) return printJson(result);
  if (flags.dryRun) return print(`To restart: ${result.restarted.join(", ")}`);
  print(...stateLines(result.services));
}
