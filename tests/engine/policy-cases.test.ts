import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Cloud } from "../../local/cloud/server.ts";
import { RULES } from "../../policy/rules/index.ts";
import {
  allCases,
  type Batch,
  batches,
  judged,
  programOf,
  ruleOf,
  type Told,
  together,
  violationsIn,
} from "../policy/runs.ts";
import { type Declared, emptyCloud, type Outcome, type Project, throwAwayProject } from "./harness.ts";

const CASES = await allCases();

let cloud: Cloud;
let project: Project;
beforeAll(async () => {
  cloud = await emptyCloud();
  project = throwAwayProject(cloud);
});
afterAll(async () => {
  expect(await changes(cloud)).toEqual([]);
  project.remove();
  await cloud.close();
});

/** What was asked of the cloud that is no look. */
async function changes({ url }: Cloud): Promise<string[]> {
  const requests = (await (await fetch(`${url}/_windlass/requests`)).json()) as { method: string; path: string }[];
  return requests.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path}`);
}

async function preview(programs: Declared[][], { rule, settings }: Pick<Batch, "rule" | "settings">): Promise<Outcome> {
  project.declare(...together(programs));
  return project.preview(...judged(project, { [rule.id]: settings }));
}

/** Policies by the number of the program that they refuse. */
function refusals(outcome: Outcome, programs: number): Record<string, string[]> {
  const refused = violationsIn(outcome).filter(({ level }) => level === "mandatory");
  const policies: Record<string, string[]> = {};
  for (const { policy, resource } of refused) {
    const program = String(programOf(resource, programs));
    policies[program] = [...new Set([...(policies[program] ?? []), policy])].sort();
  }
  return policies;
}

function shown(outcome: Outcome): string {
  const lines = violationsIn(outcome).map(
    ({ policy, level, resource, message }: Told) => `${level} ${policy} ${resource}: ${message}`,
  );
  return [...outcome.errors, ...lines].join("\n");
}

test("every rule has cases, and every file of cases a rule", () => {
  expect([...CASES.keys()].sort()).toEqual(RULES.map(({ id }) => id).sort());
  const few = [...CASES].filter(([, cases]) => cases.length < 3).map(([id]) => id);
  expect(few).toEqual([]);
});

test("there are at least 60 bad programs, each with its twin", () => {
  expect([...CASES.values()].flat().length).toBeGreaterThanOrEqual(60);
});

describe.each([...CASES.keys()])("%s", (id) => {
  const all = batches(ruleOf(id), CASES.get(id) ?? []).map(
    (batch) => [batch.cases.map(({ name }) => name).join("; "), batch] as const,
  );

  test.each(all)("refuses: %s", async (_, batch) => {
    const outcome = await preview(
      batch.cases.map(({ bad }) => bad),
      batch,
    );
    const wanted = Object.fromEntries(batch.cases.map((_case, index) => [String(index), [id]]));
    expect(refusals(outcome, batch.cases.length), shown(outcome)).toEqual(wanted);
    expect(outcome.code).not.toBe(0);
  });

  test.each(all)("lets the twin pass: %s", async (_, batch) => {
    const outcome = await preview(
      batch.cases.map(({ good }) => good),
      batch,
    );
    expect(refusals(outcome, batch.cases.length), shown(outcome)).toEqual({});
    expect(outcome.code, shown(outcome)).toBe(0);
  });
});
