import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { z } from "zod";
import type { UserError } from "../domain/errors.ts";
import { type Rule, resourceRule, stackRule } from "./rule.ts";
import { packConfig } from "./settings.ts";
import { readSettingsFile } from "./settings-file.ts";

const folder = mkdtempSync(join(tmpdir(), "windlass-policy-settings-"));
afterAll(() => rmSync(folder, { recursive: true }));

const words = { title: "t", reason: "r", fix: "f", severity: "low" } as const;
const RULES: Rule[] = [
  resourceRule({
    ...words,
    id: "allowed-regions",
    types: ["droplet"],
    settings: z.object({ regions: z.array(z.string()).default([]).describe("slugs") }),
    judge: () => [],
  }),
  stackRule({
    ...words,
    id: "monthly-budget",
    settings: z.object({ maxMonthlyUsd: z.number().nonnegative().optional().describe("US dollars") }),
    judgeStack: () => [],
  }),
];
const NOW = Date.parse("2026-06-01");

function read(text: string) {
  const path = join(folder, "windlass-policy.yaml");
  writeFileSync(path, text);
  return readSettingsFile(path, RULES, NOW);
}

/** What is wrong with a file, as `line: text`. */
function problems(text: string): string[] {
  try {
    read(text);
  } catch (error) {
    const { code, exitCode, details } = error as UserError;
    expect([code, exitCode]).toEqual(["ConfigInvalid", 2]);
    const told = [details.reason, ...((details.also as string[]) ?? [])];
    return told.map((one) => one.replace(`${folder}/windlass-policy.yaml:`, ""));
  }
  return [];
}

test("levels, settings, exemptions and the prices file are read, and handed to the engine as it wants them", () => {
  const settings = read(`pricesFile: today.json
policies:
  monthly-budget: advisory
  allowed-regions:
    level: mandatory
    regions: [tor1]
    exemptions: [{ resource: "scratch-*", why: made anew every night, until: 2026-06-01 }]
`);
  const exemptions = [{ resource: "scratch-*", why: "made anew every night", until: "2026-06-01" }];
  const pricesFile = join(folder, "today.json");
  expect(settings).toEqual({
    pricesFile,
    policies: {
      "monthly-budget": { level: "advisory" },
      "allowed-regions": { level: "mandatory", regions: ["tor1"], exemptions },
    },
  });
  expect(packConfig(settings, RULES)).toEqual({
    "monthly-budget": { enforcementLevel: "advisory", pricesFile },
    "allowed-regions": { enforcementLevel: "mandatory", pricesFile, regions: ["tor1"], exemptions },
  });
});

test("an empty file is as good as none", () => {
  for (const text of ["", "# nothing yet\n", "policies:\n"]) expect(read(text)).toEqual({ policies: {} });
  expect(packConfig({ policies: {} }, RULES)).toEqual({});
});

test("all mistakes are told at once, each with its line", () => {
  const found = problems(`polices: {}
policies:
  alowed-regions: advisory
  monthly-budget:
    maxMonthlyUsd: $50
  allowed-regions:
    regoins: [tor1]
    regions: tor1
    level: strict
    exemptions:
      - resource: web
        until: 2026-12-31
      - { resource: db, why: " ", until: tomorrow }
`);
  expect(found).toEqual([
    "1: polices is not known; did you mean policies?",
    "3: there is no policy alowed-regions; did you mean allowed-regions?",
    '5: monthly-budget.maxMonthlyUsd is "$50"; write a plain number, without currency marks or units',
    "7: allowed-regions: regoins is not known; did you mean regions?",
    expect.stringMatching(/^8: allowed-regions.regions is "tor1": .*array/),
    expect.stringMatching(/^9: allowed-regions.level is "strict": .*mandatory/),
    "11: allowed-regions.exemptions.0.why is missing; say why the resource may break the rule",
    expect.stringMatching(/^13: allowed-regions.exemptions.1.why is " "/),
    expect.stringMatching(/^13: allowed-regions.exemptions.1.until is "tomorrow"/),
  ]);
});

test("an exemption past its last day is refused, on that day it is not", () => {
  const of = (until: string) => `policies:
  allowed-regions:
    exemptions:
      - { resource: web, why: old, until: ${until} }
`;
  expect(problems(of("2026-05-31"))).toEqual([
    '4: allowed-regions: the exemption for "web" ended on 2026-05-31; take it out',
  ]);
  expect(problems(of("2026-06-01"))).toEqual([]);
  expect(problems(of("2026-02-30"))).toHaveLength(1);
});

test.each([
  ["policies: [ssh-open]", "1: policies must be a list of keys with values"],
  ["- a", "1: the settings of the policy pack must be a list of keys with values"],
  [
    "policies:\n  monthly-budget: strict",
    '2: monthly-budget is "strict"; write mandatory, advisory, disabled, or a list',
  ],
  ["policies:\n  monthly-budget: { maxMonthlyUsd: -1 }", "2: monthly-budget.maxMonthlyUsd is -1: Too small"],
  ["policies:\n  monthly-budget: { maxMonthlyUsd: .nan }", "2: monthly-budget.maxMonthlyUsd is"],
  ["policies:\n  monthly-budget: 12", "2: monthly-budget is 12: "],
  ["policies:\n  monthly-budget: {}\n  monthly-budget: {}", "3: Map keys must be unique"],
  ["policies: {\n", "2: "],
  ["pricesFile: 3", "1: pricesFile must be the path of a JSON file"],
])("%j is refused", (text, reason) => {
  expect(problems(text)[0]).toContain(reason);
});

test("a file that is not there is told", () => {
  expect(() => readSettingsFile(join(folder, "none.yaml"), RULES)).toThrow(
    expect.objectContaining({
      code: "UsageError",
      message: expect.stringContaining("none.yaml cannot be read: there is none"),
    }),
  );
});
