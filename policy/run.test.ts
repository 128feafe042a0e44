import { expect, test } from "vitest";
import { z } from "zod";
import { type Rule, resourceRule, type Subject } from "./rule.ts";
import { Run, type Violation, violationMessage } from "./run.ts";

const web = subject("web");

function subject(name: string): Subject {
  const type = "digitalocean:index/droplet:Droplet";
  return { name, type, urn: `urn:pulumi:dev::shop::${type}::${name}`, inputs: {}, protect: false };
}

const RULE: Rule = resourceRule({
  id: "small",
  title: "Droplets are small.",
  reason: "r",
  fix: "take a smaller size",
  severity: "low",
  types: ["droplet"],
  settings: z.object({ most: z.number().default(1).describe("vCPUs") }),
  judge: () => [],
});

/** What a run reports where the rule finds `messages` about resources. */
function told(exemptions: object[], findings: { resource?: Subject; message: string }[], run = new Run()): Violation[] {
  const violations: Violation[] = [];
  const report = (one: Violation) => void violations.push(one);
  const settings = run.settings(RULE, { exemptions }, true, report);
  if (settings) run.tell(RULE, settings, () => findings, report);
  return violations;
}

const exempt = (resource: string, until = "2999-12-31") => ({ resource, until, why: "a trial" });

test("a violation tells the demand, what is wrong and what to do, and can be read back", () => {
  const [violation] = told([], [{ resource: web, message: "size has\n8 vCPUs" }]) as [Violation];
  expect(violation).toEqual({
    urn: web.urn,
    message: "Droplets are small.\nsize has\n8 vCPUs\nfix: take a smaller size",
  });
  expect(violationMessage(`${violation.message}\n`)).toBe("size has\n8 vCPUs");
  expect(violationMessage("small could not judge: x\n")).toBe("small could not judge: x");
});

test.each([
  ["web", true],
  ["w*", true],
  ["*::digitalocean:index/droplet:Droplet::web", true],
  ["urn:pulumi:dev::shop::*", true],
  ["*", true],
  ["we", false],
  ["w.b", false],
  ["eb*", false],
  ["webs*", false],
])("an exemption for %s lets web pass: %s", (pattern, passes) => {
  expect(told([exempt(pattern)], [{ resource: web, message: "m" }])).toHaveLength(passes ? 0 : 1);
});

test("no exemption lets the stack as a whole pass", () => {
  expect(told([exempt("*")], [{ message: "the month costs 90 USD" }])).toHaveLength(1);
});

test("an exemption that has ended lets nothing pass, and the violation says so", () => {
  const [violation] = told([exempt("web", "2020-02-29")], [{ resource: web, message: "m" }]);
  expect(violation?.message).toContain("m (an exemption from this ended on 2020-02-29)");
});

test("what was let through is reported, and what is of no use", () => {
  const run = new Run();
  const list = [exempt("web"), exempt("db"), exempt("old", "2020-02-29")];
  expect(told(list, [{ resource: web, message: "size has 8 vCPUs" }], run)).toEqual([]);
  expect(run.exemptions.report(Date.now())).toEqual([
    { urn: web.urn, message: 'small, until 2999-12-31, because "a trial": size has 8 vCPUs' },
    { message: 'small has an exemption for "db" that lets nothing pass here; take it out' },
    { message: 'small has an exemption for "old" that ended on 2020-02-29; take it out' },
  ]);
});

test("a rule that throws refuses, whatever its level", () => {
  const violations: Violation[] = [];
  const broken = () => {
    throw new TypeError("no such thing");
  };
  new Run().tell(RULE, { exemptions: [] }, broken, (one) => void violations.push(one));
  expect(violations).toEqual([{ message: "small could not judge: no such thing", enforcementLevel: "mandatory" }]);
});

test.each([
  [{ mots: 2 }, 'the settings of small are wrong: Unrecognized key: "mots"'],
  [{ most: "2" }, "the settings of small are wrong: most: "],
  [{ exemptions: [{ resource: "web", until: "2999-12-31" }] }, "the settings of small are wrong: exemptions: 0: why: "],
  [{ exemptions: [exempt("web", "soon")] }, "the settings of small are wrong: exemptions: 0: until: "],
])("settings %j refuse", (given, reason) => {
  const violations: Violation[] = [];
  const run = new Run();
  const report = (one: Violation) => void violations.push(one);
  expect(run.settings(RULE, given, false, report)).toBeUndefined();
  expect(run.settings(RULE, given, false, report)).toBeUndefined();
  expect(run.settings(RULE, given, true, report)).toBeUndefined();
  expect(violations.map(({ enforcementLevel }) => enforcementLevel)).toEqual(["mandatory", "mandatory"]);
  expect(violations[0]?.message).toContain(reason);
});
