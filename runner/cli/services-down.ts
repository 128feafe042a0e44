import type { Command } from "commander";
import type { ServicesDownPlan } from "../services/down.ts";
import { ask, refuseWithoutTerminal } from "./confirm.ts";
import { bold, print, printJson } from "./output.ts";
import { type ChangingFlags, changing, FILES, servicesCommand, servicesOptions } from "./services-flags.ts";
import { withSession } from "./session.ts";

export function downCommand(): Command {
  return changing(servicesCommand("down"))
    .argument("[file...]", FILES)
    .description("remove its containers and networks; volumes and images stay")
    .addHelpText("after", "\nExamples:\n  $ windlass services down shop\n  $ windlass services down compose.yaml --yes")
    .action(down);
}

async function down(files: string[], flags: ChangingFlags): Promise<void> {
  if (!flags.yes && !flags.dryRun) refuseWithoutTerminal("--yes");
  const { servicesDown } = await import("../services/down.ts");
  const result = await withSession((session) =>
    servicesDown({
      ...session,
      ...servicesOptions(flags),
      files,
      ...(flags.dryRun ? { dryRun: true } : {}),
      ...(flags.yes || flags.dryRun ? {} : { confirm: confirmed }),
    }),
  );
  if (flags.json) return printJson(result);
  if (flags.dryRun) return showPlan(result);
  const kept = result.keeps.filter(({ kind }) => kind === "volume").map(({ name }) => name);
  print(bold(`${result.project} is down.`));
  if (kept.length > 0) print(`Volumes with their data stay on ${result.host}: ${kept.join(", ")}`);
}

async function confirmed(plan: ServicesDownPlan): Promise<boolean> {
  showPlan(plan);
  return ask(`Take ${plan.project} down on ${plan.host}?`, "--yes");
}

function showPlan({ project, host, removes, keeps }: ServicesDownPlan): void {
  print(removes.length === 0 ? `${project} is down already.` : bold(`${project} on ${host}, to remove:`));
  for (const { kind, name } of removes) print(`  - ${kind} ${name}`);
  for (const { kind, name } of keeps) print(`  stays: ${kind} ${name}`);
}
