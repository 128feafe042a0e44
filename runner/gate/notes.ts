import type { UsedOverride } from "./override.ts";
import type { Violation } from "./verdict.ts";

/** What is to be told of policies that refused nothing: a line for each override, then one for each advisory that no override made. */
export function policyNotes({
  advisories = [],
  overrides = [],
}: {
  advisories?: readonly Violation[];
  overrides?: readonly UsedOverride[];
}): string[] {
  const overridden = new Set(overrides.map(({ policy }) => policy));
  const told = overrides.map(({ policy, why, violations }) =>
    violations.length === 0
      ? `policy ${policy} was overridden, and did not refuse anything`
      : `policy ${policy} was overridden: ${why} (${violations.map(said).join("; ")})`,
  );
  return [
    ...told,
    ...advisories.filter(({ policy }) => !overridden.has(policy)).map((one) => `${one.policy}: ${said(one)}`),
  ];
}

function said({ resource, message }: Violation): string {
  return `${resource}: ${message}`;
}
