import { expect, test } from "vitest";
import { z } from "zod";
import { resourceRule, stackRule } from "../../policy/rule.ts";
import type { PackSettings } from "../../policy/settings.ts";
import type { Step } from "../engine/events.ts";
import { judgedBy, type PolicyFinding, type PolicyReport } from "../engine/policy-events.ts";
import { verdictOf } from "./verdict.ts";

const about = { reason: "r", severity: "low", settings: z.object({}) } as const;
const rules = [
  resourceRule({ ...about, id: "small", title: "small ones", fix: "take a smaller one", types: [], judge: () => [] }),
  stackRule({ ...about, id: "few", title: "few of them", fix: "take some out", judgeStack: () => [] }),
];
const pack = { name: "ours", folder: "/pack", rules };
const urn = (name: string) => `urn:pulumi:dev::p::digitalocean:index/droplet:Droplet::${name}`;
const step = (name: string, action: Step["action"]): Step =>
  ({ action, urn: urn(name), type: "digitalocean:index/droplet:Droplet", name, inputs: {} }) as Step;

/** What a pack said that judged these resources and the stack. */
function told({ findings = [], resources = {}, stack }: Told = {}): PolicyReport {
  const judged = Object.entries(resources).map(([name, ids]) => [judgedBy("ours", urn(name)), new Set(ids)] as const);
  return { findings, resources: new Map(judged), stack: new Map(stack ? [["ours", new Set(stack)]] : []) };
}
interface Told {
  findings?: PolicyFinding[];
  resources?: Record<string, string[]>;
  stack?: string[];
}

const settings = (policies: PackSettings["policies"] = {}): PackSettings => ({ policies });
const finding = (more: Partial<PolicyFinding>): PolicyFinding => ({
  ...{ pack: "ours", policy: "small", urn: urn("a"), text: "small ones\ntoo big\n", mandatory: true },
  ...more,
});
const whole = { resources: { a: ["small"] }, stack: ["few"] };
const verdict = (report: PolicyReport, steps = [step("a", "create")], given = settings()) =>
  verdictOf({ policy: report, steps }, pack, given, "dev");

test("a plan that every rule has judged and none refuses", () => {
  expect(verdict(told(whole))).toEqual({ violations: [], advisories: [] });
});

test("a finding is told with the resource's name, what to do and how severe it is", () => {
  const stackUrn = "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev";
  const findings = [
    finding({}),
    finding({ policy: "few", urn: stackUrn, text: "few of them\n9 of them", severity: "high" }),
  ];
  expect(verdict(told({ ...whole, findings })).violations).toEqual([
    { policy: "small", resource: "a", message: "too big", fix: "take a smaller one", severity: "low" },
    { policy: "few", resource: "dev", message: "9 of them", fix: "take some out", severity: "high" },
  ]);
});

test("an advice refuses nothing, but one that stands for a rule that could not run does", () => {
  const findings = [
    finding({ mandatory: false }),
    finding({ mandatory: false, text: "can't run policy 'small' from policy pack 'ours@v1' during preview: unknown" }),
  ];
  const { violations, advisories } = verdict(told({ ...whole, findings }));
  expect(advisories).toMatchObject([{ message: "too big" }]);
  expect(violations).toMatchObject([{ policy: "small", message: expect.stringContaining("can't run policy") }]);
});

test("another pack's verdict counts as well, under its name", () => {
  const findings = [finding({ pack: "company", policy: "names" })];
  expect(verdict(told({ ...whole, findings })).violations).toMatchObject([{ policy: "company/names" }]);
});

test.each<[string, Told, string[]]>([
  ["nobody judged a thing", {}, ["a", "the stack as a whole"]],
  [
    "the stack was not judged",
    { resources: whole.resources },
    ["the stack as a whole was not judged by the policy pack"],
  ],
  ["a rule over the stack is missing", { ...whole, stack: [] }, ["the stack as a whole was not judged by few"]],
  ["a resource was not judged", { stack: ["few"] }, ["a was not judged by the policy pack"]],
  ["a rule of a resource is missing", { ...whole, resources: { a: ["x"] } }, ["a was not judged by small"]],
])("refused where %s", (_, given, texts) => {
  const { violations } = verdict(told(given));
  expect(violations).toHaveLength(texts.length);
  for (const text of texts) expect(violations.some(({ message }) => message.startsWith(text))).toBe(true);
  for (const { policy } of violations) expect(policy).toBe("unjudged");
});

test.each(["create", "update", "replace", "import", "same"] as const)("%s needs a verdict", (action) => {
  expect(verdict(told({ stack: ["few"] }), [step("a", action)]).violations).toHaveLength(1);
});

test.each(["delete", "read", "refresh"] as const)("%s needs none: nothing of ours is there after it", (action) => {
  expect(verdict(told({ stack: ["few"] }), [step("a", action)]).violations).toEqual([]);
});

test("a rule that is disabled need not have judged", () => {
  const off = settings({ small: { level: "disabled" }, few: { level: "disabled" } });
  expect(verdict(told({ resources: { a: [] }, stack: [] }), undefined, off).violations).toEqual([]);
});
