import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";

/** What the policy packs of a run said. */
export interface PolicyReport {
  /** Everything that was found, in the engine's order. */
  findings: PolicyFinding[];
  /** By URN and pack: ids of the resource rules that came to a verdict. */
  resources: Map<string, Set<string>>;
  /** By pack: ids of the stack rules that came to a verdict; a pack that never judged the stack is not there. */
  stack: Map<string, Set<string>>;
}

export interface PolicyFinding {
  pack: string;
  policy: string;
  /** URN; the stack's own where it is the stack as a whole. */
  urn: string;
  /** As the engine prints it. */
  text: string;
  mandatory: boolean;
  severity?: string;
}

/** Of the engine's `apitype/events.go`; the npm package does not tell these types. */
interface Summary {
  policyPackName: string;
  resourceUrn?: string;
  passed?: string[];
  failed?: string[];
}

type PolicyEngineEvent = EngineEvent & {
  policyEvent?: { severity?: string };
  policyAnalyzeSummaryEvent?: Summary;
  policyAnalyzeStackSummaryEvent?: Summary;
};

/** Key of `resources`. */
export function judgedBy(pack: string, urn: string): string {
  return `${pack} ${urn}`;
}

/** Collects what policy packs say out of the engine's events. */
export function policyTracker() {
  const report: PolicyReport = { findings: [], resources: new Map(), stack: new Map() };

  function note(verdicts: Map<string, Set<string>>, key: string, { passed = [], failed = [] }: Summary) {
    verdicts.set(key, new Set([...(verdicts.get(key) ?? []), ...passed, ...failed]));
  }

  return {
    handle(event: EngineEvent): void {
      const { policyEvent, policyAnalyzeSummaryEvent, policyAnalyzeStackSummaryEvent } = event as PolicyEngineEvent;
      if (policyEvent) {
        const {
          policyPackName: pack,
          policyName: policy,
          resourceUrn: urn = "",
          message: text,
          severity,
        } = policyEvent;
        const mandatory = policyEvent.enforcementLevel === "mandatory";
        report.findings.push({ pack, policy, urn, text, mandatory, ...(severity ? { severity } : {}) });
      }
      if (policyAnalyzeSummaryEvent) {
        const { policyPackName, resourceUrn = "" } = policyAnalyzeSummaryEvent;
        note(report.resources, judgedBy(policyPackName, resourceUrn), policyAnalyzeSummaryEvent);
      }
      if (policyAnalyzeStackSummaryEvent)
        note(report.stack, policyAnalyzeStackSummaryEvent.policyPackName, policyAnalyzeStackSummaryEvent);
    },
    report: (): PolicyReport => report,
  };
}
