import { violationMessage } from "../../policy/run.ts";
import type { PackSettings } from "../../policy/settings.ts";
import { nameOfUrn } from "../checkpoint.ts";
import type { EngineReport, Step } from "../engine/events.ts";
import { judgedBy, type PolicyFinding } from "../engine/policy-events.ts";
import { isStackRule, levelOf, type Pack } from "./pack.ts";

/** One thing that is against a policy. */
export interface Violation {
  /** Id of the rule. */
  policy: string;
  /** Name of the resource; the stack's where it is the stack as a whole. */
  resource: string;
  /** What is wrong. */
  message: string;
  /** What to do about it. */
  fix: string;
  /** low, medium, high or critical. */
  severity?: string;
}

/** What the pack says of a plan. */
export interface Verdict {
  /** Each of them refuses the plan. */
  violations: Violation[];
  /** These only tell. */
  advisories: Violation[];
}

/** Name under which a plan is refused that the pack did not judge, or not wholly. */
export const UNJUDGED = "unjudged";

/** Of @pulumi/policy: its words for a rule that it turned into an advice because it read a value that is not known. */
const CANNOT_RUN = /^can't run (policy|remediation) /;

/** Actions after which a resource is there, so that it must have been judged. */
const LASTING = new Set(["create", "update", "replace", "import", "same"]);

/** What a pack that was run with these settings says of a preview. Whatever it did not judge counts as refused. */
export function verdictOf(
  { policy: told, steps }: Pick<EngineReport, "policy" | "steps">,
  pack: Pack,
  settings: PackSettings,
  stack: string,
): Verdict {
  const violations: Violation[] = [];
  const advisories: Violation[] = [];
  for (const finding of told.findings) {
    const { mandatory, text } = finding;
    const refuses = mandatory || CANNOT_RUN.test(text);
    (refuses ? violations : advisories).push(violationOf(finding, pack, stack));
  }
  return { violations: [...violations, ...unjudged(told, steps, pack, settings, stack)], advisories };
}

function violationOf({ pack: from, policy, urn, text, severity }: PolicyFinding, pack: Pack, stack: string): Violation {
  const rule = from === pack.name ? pack.rules.find(({ id }) => id === policy) : undefined;
  const level = severity ?? rule?.severity;
  return {
    policy: from === pack.name ? policy : `${from}/${policy}`,
    resource: urn === "" || urn.includes("::pulumi:pulumi:Stack::") ? stack : nameOfUrn(urn),
    message: messageOf(text, rule?.title),
    fix: rule?.fix ?? "",
    ...(level ? { severity: level } : {}),
  };
}

/** The engine puts what the policy demands before what is wrong. */
function messageOf(text: string, title: string | undefined): string {
  const trimmed = violationMessage(text);
  const own = title !== undefined && trimmed.startsWith(`${title}\n`) ? trimmed.slice(title.length) : trimmed;
  return own.trim();
}

function unjudged(
  { resources, stack: stacks }: EngineReport["policy"],
  steps: readonly Step[],
  pack: Pack,
  { policies }: PackSettings,
  stack: string,
): Violation[] {
  const active = pack.rules.filter((rule) => levelOf(rule, policies[rule.id]) !== "disabled");
  const missing = (which: (rule: Pack["rules"][number]) => boolean, judged: Set<string> | undefined) =>
    judged ? active.filter((rule) => which(rule) && !judged.has(rule.id)).map(({ id }) => id) : undefined;
  const found: Violation[] = [];
  const stackRules = missing(isStackRule, stacks.get(pack.name));
  if (stackRules?.length !== 0) found.push(notJudged(stack, "the stack as a whole", stackRules));
  for (const { action, urn, name } of steps) {
    if (!LASTING.has(action)) continue;
    const rules = missing((rule) => !isStackRule(rule), resources.get(judgedBy(pack.name, urn)));
    if (rules?.length !== 0) found.push(notJudged(name, name, rules));
  }
  return found;
}

function notJudged(resource: string, what: string, rules: readonly string[] | undefined): Violation {
  const by = rules ? rules.join(", ") : "the policy pack";
  const fix = "run it again; if it stays, look into the log of the preview, and run: windlass doctor";
  return { policy: UNJUDGED, resource, message: `${what} was not judged by ${by}`, fix, severity: "critical" };
}
