import { type Exemption, ExemptionRecord, hasEnded, isFor } from "./exemptions.ts";
import type { Finding, Rule, Subject } from "./rule.ts";
import { runSettings } from "./settings.ts";

/** A violation as @pulumi/policy takes it; without a URN it is of the resource that is judged, or of the stack. */
export interface Violation {
  message: string;
  urn?: string;
  /** Else the rule's. */
  enforcementLevel?: "mandatory";
}

export type Report = (violation: Violation) => void;

/** Settings of a rule while it runs. */
export interface Settings extends Record<string, unknown> {
  exemptions: Exemption[];
  pricesFile?: string;
}

/** One run of the pack over one stack: what it must remember until the rules over the whole stack judge. */
export class Run {
  /** By URN: outputs of a provider may hide or hash what a resource was declared with. */
  readonly declared = new Map<string, Subject>();
  readonly exemptions = new ExemptionRecord();
  private readonly wrong = new Set<string>();

  /** A rule's settings. Where they are wrong it says so once, and again each time that it `matters`, and gives none. */
  settings(rule: Rule, given: object, matters: boolean, report: Report): Settings | undefined {
    const result = runSettings(rule).safeParse(given);
    if (result.success) {
      const settings = result.data as Settings;
      this.exemptions.give(rule.id, settings.exemptions);
      return settings;
    }
    if (matters || !this.wrong.has(rule.id)) {
      const issues = result.error.issues.map(({ path, message }) => [...path, message].join(": "));
      report({ message: `the settings of ${rule.id} are wrong: ${issues.join("; ")}`, enforcementLevel: "mandatory" });
    }
    this.wrong.add(rule.id);
    return undefined;
  }

  /** Reports what `judge` finds, less what is exempt; a rule that breaks lets nothing through. */
  tell(rule: Rule, { exemptions }: Settings, judge: () => readonly Finding[], report: Report): void {
    const now = Date.now();
    for (const { resource, message } of found(rule, judge, report)) {
      const meant = exemptions.filter((one) => isFor(one, resource));
      const valid = meant.find((one) => !hasEnded(one, now));
      if (valid) {
        this.exemptions.use(rule.id, valid, resource?.urn ?? "", message);
        continue;
      }
      const ended = meant.map(({ until }) => ` (an exemption from this ended on ${until})`).join("");
      report({ message: violationText(rule, `${message}${ended}`), ...(resource ? { urn: resource.urn } : {}) });
    }
  }
}

function found(rule: Rule, judge: () => readonly Finding[], report: Report): readonly Finding[] {
  try {
    return judge();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    report({ message: `${rule.id} could not judge: ${why}`, enforcementLevel: "mandatory" });
    return [];
  }
}

/** What the engine prints of a violation. `violationMessage` reads it back. */
function violationText({ title, fix }: Rule, message: string): string {
  return `${title}\n${message}\nfix: ${fix}`;
}

/** What a rule found, out of the engine's text of a violation. */
export function violationMessage(text: string): string {
  const lines = text.trim().split("\n");
  const end = lines.findLastIndex((line) => line.startsWith("fix: "));
  return end > 1 ? lines.slice(1, end).join("\n") : text.trim();
}
