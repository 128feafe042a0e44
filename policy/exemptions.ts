import { z } from "zod";

/** A resource that need not keep a rule, for a time. */
export const exemption = z.strictObject({
  resource: z.string().min(1).describe("name or URN of the resource; * stands for any text"),
  why: z.string().trim().min(1).describe("why it may break the rule"),
  until: z.iso.date().describe("last day on which it may, as in 2026-12-31 (UTC)"),
});
export type Exemption = z.output<typeof exemption>;

const DAY_MS = 24 * 3_600_000;

/** Whether the last day of an exemption is over, in UTC. */
export function hasEnded({ until }: Pick<Exemption, "until">, now: number): boolean {
  return now >= Date.parse(until) + DAY_MS;
}

/** Whether an exemption is meant for a resource; none is meant for a whole stack. */
export function isFor({ resource: pattern }: Exemption, resource: { name: string; urn: string } | undefined): boolean {
  if (!resource) return false;
  const parts = pattern.split("*").map((text) => text.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const expression = new RegExp(`^${parts.join(".*")}$`, "s");
  return expression.test(resource.name) || expression.test(resource.urn);
}

/** What became of the exemptions of a run. */
export class ExemptionRecord {
  private readonly given = new Map<string, { rule: string; exemption: Exemption }>();
  private readonly uses = new Map<string, { key: string; urn: string; message: string }>();

  /** Tells of the exemptions of a rule, so that one of no use is told too. */
  give(rule: string, exemptions: readonly Exemption[]): void {
    for (const one of exemptions) this.given.set(keyOf(rule, one), { rule, exemption: one });
  }

  /** Tells that an exemption lets `message` about a resource pass. */
  use(rule: string, one: Exemption, urn: string, message: string): void {
    const key = keyOf(rule, one);
    this.uses.set(`${key} ${urn} ${message}`, {
      key,
      urn,
      message: `${rule}, until ${one.until}, because "${one.why}": ${message}`,
    });
  }

  /** One line for each use, then one for each exemption without any. */
  report(now: number): { urn?: string; message: string }[] {
    const uses = [...this.uses.values()];
    const used = new Set(uses.map(({ key }) => key));
    const idle = [...this.given].filter(([key]) => !used.has(key)).map(([, one]) => one);
    return [
      ...uses.map(({ urn, message }) => ({ urn, message })),
      ...idle.map(({ rule, exemption: one }) => ({
        message: `${rule} has an exemption for "${one.resource}" that ${
          hasEnded(one, now) ? `ended on ${one.until}` : "lets nothing pass here"
        }; take it out`,
      })),
    ];
  }
}

function keyOf(rule: string, { resource, until }: Exemption): string {
  return `${rule} ${resource} ${until}`;
}
