import { userInfo } from "node:os";
import { join } from "node:path";
import { Argument, Command, InvalidArgumentError } from "commander";
import { UserError } from "../../domain/errors.ts";
import { type MaintenanceList, type MaintenanceResult, maintain } from "../maintenance/maintain.ts";
import { maintenanceCron, maintenanceTimers } from "../maintenance/units.ts";
import { OWN_ROOT, windlassHome } from "../own-root.ts";
import { ask, refuseWithoutTerminal } from "./confirm.ts";
import { bold, print, printJson, table } from "./output.ts";
import { withSession } from "./session.ts";

interface MaintenanceFlags {
  stack?: string[];
  minAgeDays?: number;
  logMib?: number;
  printUnit?: boolean | string;
  dryRun?: boolean;
  yes?: boolean;
  json?: boolean;
}

/** `windlass maintenance`. */
export default function command(): Command {
  return new Command("maintenance")
    .addArgument(new Argument("[list]", "what is done").choices(["daily", "weekly"]).default("daily"))
    .option("-s, --stack <project...>", "only these stacks of services (default: all that were brought up from here)")
    .option("--min-age-days <days>", "images and build cache that are younger stay", positive, 7)
    .option("--log-mib <size>", "logs of containers that are smaller stay as they are", positive, 100)
    .option("--print-unit [kind]", "print systemd services and timers, or lines of cron (systemd, cron), and end")
    .option("--dry-run", "only show what would be done")
    .option("-y, --yes", "do not ask")
    .option("--json", "print exactly one JSON document on stdout; progress goes to stderr")
    .addHelpText("after", EXAMPLES)
    .action(run);
}

const EXAMPLES = `
daily: report services that are not well, rotate large logs, check the disks; above 90 percent clean nameless images and build cache up.
weekly: the same, and clean up in any case, with images of registries that no container uses. Volumes and containers are never touched.
Each result is a line in .windlass/log/maintenance.jsonl. Exit code 1 where something needs a look, 4 where a task failed.

Examples:
  $ windlass maintenance --dry-run
  $ windlass maintenance weekly --yes --json | jq .problems
  $ windlass maintenance --print-unit          systemd: a service and a timer for each list
  $ windlass maintenance --print-unit cron >/etc/cron.d/windlass-maintenance`;

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0)) throw new InvalidArgumentError("give a number above 0");
  return value;
}

async function run(list: MaintenanceList, flags: MaintenanceFlags): Promise<void> {
  if (flags.printUnit !== undefined) return printUnit(flags);
  const { stack, minAgeDays = 7, logMib = 100, yes, dryRun, json } = flags;
  if (!yes && !dryRun) refuseWithoutTerminal("--yes");
  const limits = { minAgeMs: minAgeDays * 86_400_000, logBytes: logMib * 1_048_576 };
  const carryOut = (dry: boolean) =>
    withSession((session) =>
      maintain({ ...session, ...limits, list, dryRun: dry, ...(stack ? { stacks: stack } : {}) }),
    );
  if (!yes && !dryRun) {
    const plan = await carryOut(true);
    print(...maintenanceLines(plan));
    if (plan.cleaned.length > 0 && !(await ask("Clean this up?", "--yes"))) return print("Nothing was changed.");
  }
  const result = await carryOut(dryRun === true);
  if (result.tasks.some(({ outcome }) => outcome === "failed")) process.exitCode = 4;
  else if (result.problems.length > 0) process.exitCode = 1;
  if (json) printJson(result);
  else print(...maintenanceLines(result));
}

/** What was done, and what needs a look. */
export function maintenanceLines({ list, dryRun, tasks, cleaned, problems }: MaintenanceResult): string[] {
  const rows = tasks.map(({ task, host, outcome, detail }) => [task, host, outcome, detail]);
  const verb = dryRun ? "to clean" : "cleaned";
  return [
    bold(`${list} maintenance`),
    ...table(["TASK", "ENGINE", "OUTCOME", "DETAIL"], rows),
    ...cleaned.map(({ kind, name, bytes }) => `${verb}: ${kind} ${name}, ${(bytes / 1_048_576).toFixed(1)} MiB`),
    ...(problems.length === 0 ? ["nothing needs a look"] : problems.map((problem) => `look at: ${problem}`)),
  ];
}

function printUnit({ printUnit: wanted, json }: MaintenanceFlags): void {
  const kind = wanted === true ? "systemd" : wanted;
  if (kind !== "systemd" && kind !== "cron")
    throw new UserError(
      "UsageError",
      { reason: `--print-unit ${kind} is not known`, suggestion: "use systemd or cron" },
      { exitCode: 2 },
    );
  const unit = { program: join(OWN_ROOT, "windlass"), user: userInfo().username, home: windlassHome() };
  const text = kind === "systemd" ? maintenanceTimers(unit) : maintenanceCron(unit);
  if (json) printJson({ kind, text });
  else process.stdout.write(text);
}
