import type {
  Policies,
  PolicyConfigSchema,
  ReportViolation,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";
import { z } from "zod";
import { pricesWith } from "./prices.ts";
import type { ResourceRule, Rule, RuleContext, StackRule, Subject } from "./rule.ts";
import { type Report, Run, type Settings } from "./run.ts";
import { runSettings } from "./settings.ts";
import { declaredSubject, settledSubject } from "./subject.ts";

type Policy = ResourceValidationPolicy | StackValidationPolicy;

/** The rules as policies of CrossGuard, one for each, and `exemptions`, which tells what was let through. For one run over one stack. */
export function policiesOf(rules: readonly Rule[]): Policies {
  const run = new Run();
  const policies = rules.map((rule) => ("judge" in rule ? resourcePolicy(rule, run) : stackPolicy(rule, run)));
  return [...policies, exemptionsPolicy(run)];
}

function resourcePolicy(rule: ResourceRule, run: Run): Policy {
  return {
    ...about(rule),
    validateResource(args, reportViolation) {
      const report = reporter(reportViolation);
      const subject = declaredSubject(args);
      run.declared.set(subject.urn, subject);
      const fits = rule.types.includes(typeWord(subject));
      const settings = run.settings(rule, args.getConfig(), fits, report);
      if (!fits || !settings) return;
      const judge = () => rule.judge(subject, settings as never, context(settings));
      run.tell(rule, settings, () => judge().map((message) => ({ resource: subject, message })), report);
    },
  };
}

function stackPolicy(rule: StackRule, run: Run): Policy {
  return {
    ...about(rule),
    validateStack(args, reportViolation) {
      const report = reporter(reportViolation);
      const settings = run.settings(rule, args.getConfig(), true, report);
      if (!settings) return;
      const subjects = args.resources.map((one) => settledSubject(one, run.declared.get(one.urn)));
      run.tell(rule, settings, () => rule.judgeStack(subjects, settings as never, context(settings)), report);
    },
  };
}

/** Comes last, and sees every resource too, so that what was declared is remembered even where no rule is on. */
function exemptionsPolicy(run: Run): Policy {
  return {
    name: "exemptions",
    description: "What the exemptions in the settings let through, and which of them are of no use.",
    enforcementLevel: "advisory",
    severity: "low",
    validateResource: (args) => {
      run.declared.set(args.urn, declaredSubject(args));
    },
    validateStack: (_, reportViolation) => {
      for (const line of run.exemptions.report(Date.now())) reporter(reportViolation)(line);
    },
  } satisfies ResourceValidationPolicy & StackValidationPolicy;
}

function about(rule: Rule): Omit<ResourceValidationPolicy, "validateResource"> {
  const { properties } = z.toJSONSchema(runSettings(rule), { io: "input", target: "draft-7" });
  return {
    name: rule.id,
    description: rule.title,
    enforcementLevel: rule.level ?? "mandatory",
    severity: rule.severity,
    remediationSteps: rule.fix,
    configSchema: { properties: properties as PolicyConfigSchema["properties"] },
  };
}

function context({ pricesFile }: Settings): RuleContext {
  return { now: Date.now(), prices: () => pricesWith(pricesFile) };
}

/** @pulumi/policy takes a violation that says what it is by itself, but its types do not tell. */
function reporter(reportViolation: ReportViolation): Report {
  return reportViolation as unknown as Report;
}

/** `droplet` of `digitalocean:index/droplet:Droplet`; what is not of DigitalOcean has its whole type. */
function typeWord({ type }: Pick<Subject, "type">): string {
  return /^digitalocean:index\/(\w+):/.exec(type)?.[1] ?? type;
}
