import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Cloud } from "../../local/cloud/server.ts";
import { RULES } from "../../policy/rules/index.ts";
import { programOf } from "../policy/pack/apart.ts";
import { populate } from "../policy/parts/cloud.ts";
import { allCases, previewBatch, violationsIn } from "../policy/runs.ts";
import { api, emptyCloud, type Outcome, type Project, throwAwayProject } from "./harness.ts";

const CASES = await allCases();

let cloud: Cloud;
let project: Project;
/** What was asked before the previews. */
let prepared: string[];
beforeAll(async () => {
  cloud = await emptyCloud();
  await populate((path, body) => api(cloud, "POST", path, body));
  prepared = await changes(cloud);
  project = throwAwayProject(cloud);
});
afterAll(async () => {
  project.remove();
  await cloud.close();
});

/** What was asked of the cloud that is no look. */
async function changes({ url }: Cloud): Promise<string[]> {
  const requests = (await (await fetch(`${url}/_windlass/requests`)).json()) as { method: string; path: string }[];
  return requests.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path}`);
}

/** The policies that refuse each of the programs; under `shared` what refuses none of them in particular. */
function refusals(outcome: Outcome): Record<string, string[]> {
  const policies: Record<string, string[]> = {};
  for (const { policy, resource, level } of violationsIn(outcome)) {
    if (level !== "mandatory") continue;
    const program = String(programOf(resource) ?? "shared");
    policies[program] = [...new Set([...(policies[program] ?? []), policy])].sort();
  }
  return policies;
}

function shown(outcome: Outcome): string {
  const lines = violationsIn(outcome).map((one) => `${one.level} ${one.policy} ${one.resource}: ${one.message}`);
  const why = [...outcome.errors, ...lines];
  return why.length > 0 ? why.join("\n") : outcome.text.slice(-2_000);
}

test("every rule has at least three cases, and every file of cases a rule", () => {
  expect([...CASES.keys()].sort()).toEqual(RULES.map(({ id }) => id).sort());
  expect([...CASES].filter(([, cases]) => cases.length < 3).map(([id]) => id)).toEqual([]);
});

test("there are at least 60 bad programs, each with its twin", () => {
  expect([...CASES.values()].flat().length).toBeGreaterThanOrEqual(60);
});

describe.each([...CASES])("%s", (rule, cases) => {
  const settings = {
    rule,
    programs: cases.map((one) => one.settings ?? {}),
    beside: cases.map((one) => one.beside ?? []),
  };
  const numbers = cases.map((_, index) => String(index));

  test(`refuses ${cases.length} bad programs, and nothing else does`, async () => {
    const outcome = await previewBatch(
      project,
      cases.map(({ bad }) => bad),
      settings,
    );
    expect(refusals(outcome), shown(outcome)).toEqual(Object.fromEntries(numbers.map((number) => [number, [rule]])));
    expect(outcome.code).not.toBe(0);
  });

  test("lets their good twins pass, like every other rule", async () => {
    const outcome = await previewBatch(
      project,
      cases.map(({ good }) => good),
      settings,
    );
    expect(refusals(outcome), shown(outcome)).toEqual({});
    expect(outcome.code, shown(outcome)).toBe(0);
  });
});

test("no preview of them has asked the cloud for anything but a look", async () => {
  expect(await changes(cloud)).toEqual(prepared);
});
