import { Command, InvalidArgumentError } from "commander";
import { UserError } from "../../domain/errors.ts";
import { listRunbooks, type Runbook, readRunbook } from "../runbooks/catalog.ts";
import { type RunbookResult, runRunbook } from "../runbooks/run.ts";
import { ask, refuseWithoutTerminal } from "./confirm.ts";
import { bold, dim, print, printJson, table } from "./output.ts";
import { withSession } from "./session.ts";

interface RunbookFlags {
  stack?: string;
  host?: string;
  sshOpt?: string[];
  level?: number;
  service?: Record<string, string>;
  set?: Record<string, string>;
  show?: boolean;
  dryRun?: boolean;
  yes?: boolean;
  json?: boolean;
}

/** `windlass runbook`. */
export default function command(): Command {
  return new Command("runbook")
    .argument("[name]", "list, a runbook of the catalog, or a file of your own (./mine.yaml)")
    .option("-s, --stack <project>", "the stack of services, or its Compose file (default: the only one there is)")
    .option(
      "-H, --host <address>",
      "the Docker engine: unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST (default: the stack's)",
    )
    .option("--ssh-opt <word...>", "words for ssh, as in --ssh-opt=-o --ssh-opt=UserKnownHostsFile=FILE")
    .option("-l, --level <1|2|3>", "do what this level of recovery says about what is found", level)
    .option("--service <role=name>", "which service plays a role, where the runbook does not see it (repeatable)", pair)
    .option("--set <parameter=value>", "a value of the runbook's parameters (repeatable)", pair)
    .option("--show", "print the runbook itself, and look at nothing")
    .option("--dry-run", "with --level: only show what would be done")
    .option("-y, --yes", "do not ask")
    .option("--json", "print exactly one JSON document on stdout; progress goes to stderr")
    .addHelpText("after", EXAMPLES)
    .action(run);
}

const EXAMPLES = `
Without --level it only looks: symptoms in the stack's Prometheus, diagnosis, the likely cause, whom to call when. Each level does more harm than
the one before: 1 restarts or frees, 2 restarts more, 3 makes anew. It shows what it does and asks. Every step is kept in
.windlass/audit/runbooks.jsonl. Exit code 1 where the failure is still there after a level.

Examples:
  $ windlass runbook                                   the list
  $ windlass runbook database-down --show              what is looked at, and what each level does
  $ windlass runbook database-down --stack trading     diagnose
  $ windlass runbook database-down --stack trading --level 1
  $ windlass runbook model-unstable --stack trading --set model=trader --level 1 --yes --json`;

function level(text: string): number {
  if (!/^[123]$/.test(text)) throw new InvalidArgumentError("give 1, 2 or 3");
  return Number(text);
}

function pair(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, key, value] = /^([a-z][a-z0-9-]*)=([\s\S]*)$/.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError("write NAME=VALUE");
  return { ...before, [key]: value };
}

async function run(name: string | undefined, flags: RunbookFlags): Promise<void> {
  if (name === undefined || name === "list") return list(flags);
  if (flags.show) return flags.json ? printJson(readRunbook(name)) : show(readRunbook(name));
  const changes = flags.level !== undefined && !flags.dryRun;
  if (flags.dryRun && flags.level === undefined)
    throw new UserError(
      "UsageError",
      { reason: "--dry-run of what?", suggestion: "give --level too; without it nothing is changed" },
      { exitCode: 2 },
    );
  if (changes && !flags.yes) refuseWithoutTerminal("--yes");
  const result = await withSession((session) =>
    runRunbook({
      ...session,
      runbook: name,
      ...(flags.stack === undefined ? {} : { stack: flags.stack }),
      ...(flags.host === undefined ? {} : { host: flags.host }),
      ...(flags.sshOpt ? { sshOpts: flags.sshOpt } : {}),
      ...(flags.service ? { services: flags.service } : {}),
      ...(flags.set ? { parameters: flags.set } : {}),
      ...(flags.level === undefined ? {} : { level: flags.level }),
      ...(flags.dryRun ? { dryRun: true } : {}),
      ...(flags.yes ? {} : { confirm: confirmed }),
    }),
  );
  if (result.mended === false) process.exitCode = 1;
  if (flags.json) return printJson(result);
  // What was found has been shown with the question.
  if (!changes || flags.yes || result.steps.length === 0) print(...foundLines(result));
  print(...endLines(result, flags.host));
}

async function confirmed(result: RunbookResult): Promise<boolean> {
  print(...foundLines(result));
  return ask(`Do this on ${result.stack ?? result.host}?`, "--yes");
}

/** What was found, and what would be done about it. */
export function foundLines({
  title,
  stack,
  host,
  symptoms,
  checks,
  causes,
  level,
  recovery,
  steps,
}: RunbookResult): string[] {
  const marks = { ok: "ok", failed: "wrong", unknown: "unknown" };
  const rows = checks.map((one) => [marks[one.state], one.title, one.where, firstLine(one.text)]);
  const seen = symptoms.filter((symptom) => symptom.seen).map(({ what }) => `symptom in Prometheus: ${what}`);
  return [
    bold(`${title}? ${stack ?? ""} on ${host}`.replaceAll(/ +/g, " ")),
    ...table(["IS", "CHECK", "WHERE", "FOUND"], rows),
    ...seen,
    ...(causes.length === 0 ? ["nothing of this kind is wrong"] : causes.map(causeLine)),
    ...(level === null || causes.length === 0 ? [] : ["", bold(`Level ${level}: ${recovery}`), ...steps.map(stepLine)]),
  ];
}

function firstLine(text: string): string {
  const [first = ""] = text.split("\n");
  return first.length > 70 ? `${first.slice(0, 67)}...` : first;
}

function causeLine({ title, services }: RunbookResult["causes"][number], index: number): string {
  const who = services.length > 0 ? ` (${services.join(", ")})` : "";
  return `${index === 0 ? "likely cause" : "also"}: ${title}${who}`;
}

function stepLine({ title, what, where, outcome }: RunbookResult["steps"][number], index: number): string {
  const on = where.length > 0 ? ` [${where.join(", ")}]` : "";
  const [first = "", ...more] = what.split("\n");
  const doing = outcome === "manual" ? `by hand: ${what}` : `${first}${more.length > 0 ? " ..." : ""}`;
  return `  ${index + 1}. ${title}${on}\n     ${dim(doing)}`;
}

/** What came of it, and what is next. */
export function endLines(result: RunbookResult, givenHost?: string): string[] {
  const { runbook, stack, causes, level, steps, mended, left, escalation } = result;
  if (causes.length === 0) return [];
  const where = [
    ...(stack === null ? [] : ["--stack", stack]),
    ...(givenHost === undefined ? [] : ["--host", givenHost]),
  ];
  const name = ["windlass runbook", runbook, ...where].join(" ");
  const due = escalation.findLast((step) => step.due) ?? escalation[0];
  const call = due ? [`call: ${due.to}${due.due ? " now" : `, if it lasts until ${due.at?.slice(11, 16)} UTC`}`] : [];
  if (mended === null) return ["", ...(level === null ? [`what to do: ${name} --level 1`] : []), ...call];
  const marks = { done: "done", failed: "failed", manual: "left to you", planned: "not begun" };
  const done = steps.map(({ title, what, outcome, detail }) => {
    const told = outcome === "manual" ? what : (detail ?? "").split("\n").at(-1);
    return `  ${marks[outcome]}: ${title}${told ? ` (${told})` : ""}`;
  });
  if (mended) return ["", ...done, bold("It is mended.")];
  const next = level !== null && level < 3 ? [`what to do: ${name} --level ${level + 1}`] : [];
  const still = left.length > 0 ? [`still wrong: ${left.map(({ title }) => title).join("; ")}`] : [];
  return ["", ...done, bold("It is not mended."), ...still, ...next, ...call];
}

function list({ json }: RunbookFlags): void {
  const all = listRunbooks();
  if (json) printJson(all);
  else
    print(
      ...table(
        ["RUNBOOK", "WHAT IS WRONG", "WHAT IT MEANS"],
        all.map(({ name, title, impact }) => [name, title, impact]),
      ),
    );
}

function show(runbook: Runbook): void {
  const { title, impact, symptoms, diagnosis, causes, levels, prevention, escalation, parameters } = runbook;
  print(bold(title), impact, "", "Symptoms");
  for (const { what, query } of symptoms) print(`  ${what}: ${dim(query)}`);
  print("", "Diagnosis");
  for (const { id, title: check } of diagnosis) print(`  ${id}: ${check}`);
  print("", "Causes");
  for (const cause of causes) print(`  ${cause.id}: ${cause.title}`);
  for (const [index, one] of levels.entries()) {
    print("", `Level ${index + 1}: ${one.title}`);
    for (const { title: step, for: reasons, manual } of one.actions)
      print(`  ${step}${reasons ? dim(` (${reasons.join(", ")})`) : ""}${manual ? `: by hand: ${manual}` : ""}`);
  }
  print("", "Prevention", ...prevention.map((line) => `  ${line}`), "", "Escalation");
  for (const { afterMinutes, to } of escalation) print(`  after ${afterMinutes} min: ${to}`);
  for (const [name, { what, default: preset }] of Object.entries(parameters))
    print(`  --set ${name}=${preset ?? "VALUE"}  ${what}`);
}
