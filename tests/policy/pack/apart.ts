import type { Finding, ResourceRule, Rule, StackRule, Subject } from "../../../policy/rule.ts";

/** What a program of a batch is judged with. */
export interface BatchProgram {
  /** The rule that its settings are of. */
  rule: string;
  settings: Record<string, unknown>;
  /** Rules that do not judge it. */
  beside: readonly string[];
}

/** Names of resources in a batch begin with the number of their program. */
export function nameIn(program: number, name: string): string {
  return `c${program}-${name}`;
}

/** The number of the program that a resource of a batch is in; undefined for what all of them share. */
export function programOf(name: string): number | undefined {
  const number = /^c(\d+)-/.exec(name)?.[1];
  return number === undefined ? undefined : Number(number);
}

/** The rule, judging each program of a batch as if it were the only one. */
export function apart(rule: Rule, batch: readonly BatchProgram[]): Rule {
  const looksAway = (program: number | undefined) => program !== undefined && batch[program]?.beside.includes(rule.id);
  const own = (program: number | undefined, given: object) => {
    const judged = program === undefined ? undefined : batch[program];
    return judged?.rule === rule.id ? rule.settings.parse(judged.settings) : given;
  };
  if ("judge" in rule) {
    const judge: ResourceRule["judge"] = (resource, given, context) =>
      looksAway(programOf(resource.name))
        ? []
        : rule.judge(asDeclared(resource), own(programOf(resource.name), given) as never, context);
    return { ...rule, judge };
  }
  const judgeStack: StackRule["judgeStack"] = (resources, given, context) => {
    const shared = resources.filter(({ name }) => programOf(name) === undefined);
    const parts = Map.groupBy(resources, ({ name }) => programOf(name));
    return batch.flatMap((_, program) => {
      if (looksAway(program)) return [];
      const inIt = parts.get(program) ?? [];
      const judged = [...inIt.map(asDeclared), ...shared];
      const findings = rule.judgeStack(judged, own(program, given) as never, context);
      return findings.map((finding) => attributed(finding, inIt[0]));
    });
  };
  return { ...rule, judgeStack };
}

/** With the name that its program gives it. */
function asDeclared(resource: Subject): Subject {
  return { ...resource, name: resource.name.replace(/^c\d+-/, "") };
}

/** What is found of a whole program is told of its first resource. */
function attributed({ resource, message }: Finding, first: Subject | undefined): Finding {
  return { resource: resource ?? first, message };
}
