import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Cloud } from "../../local/cloud/server.ts";
import { RULES } from "../../policy/rules/index.ts";
import { programOf } from "../policy/pack/apart.ts";
import { populate } from "../policy/parts/cloud.ts";
import { allCases, previewBatch, violationsIn } from "../policy/runs.ts";
import { api, emptyCloud, type Outcome, type Project, throwAwayProject } from "./harness.ts";

const CASES = await allCases();
/** Programs that one preview looks at; a preview of a few takes as long as one of many. */
const BATCH = 60;
const PROGRAMS = [...CASES].flatMap(([rule, cases]) => cases.map((one) => ({ rule, ...one })));

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

/** What became of one program of a batch. */
interface Judged {
  /** The policies that refuse it. */
  policies: string[];
  /** Whether the preview of its batch as a whole went through. */
  passed: boolean;
  /** For a test that fails. */
  text: string;
}

const judged = { bad: new Map<string, Judged>(), good: new Map<string, Judged>() };

/** Previews all programs of a kind, and notes what became of each. */
async function previewAll(kind: "bad" | "good"): Promise<void> {
  for (let from = 0; from < PROGRAMS.length; from += BATCH) {
    const batch = PROGRAMS.slice(from, from + BATCH);
    const outcome = await previewBatch(
      project,
      batch.map((one) => ({
        ...{ rule: one.rule, settings: one.settings ?? {}, beside: one.beside ?? [] },
        resources: one[kind],
      })),
    );
    const refused = Map.groupBy(
      violationsIn(outcome).filter(({ level }) => level === "mandatory"),
      ({ resource }) => programOf(resource),
    );
    // What refuses no program in particular is nobody's fault, and a mistake of the test.
    const shared = refused.get(undefined) ?? [];
    batch.forEach(({ rule, name }, program) => {
      const policies = [...(refused.get(program) ?? []), ...shared].map(({ policy }) => policy);
      const result = { policies: [...new Set(policies)].sort(), passed: outcome.code === 0, text: shown(outcome) };
      judged[kind].set(`${rule}: ${name}`, result);
    });
  }
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

test("the programs are previewed", async () => {
  await previewAll("bad");
  await previewAll("good");
  expect([judged.bad.size, judged.good.size]).toEqual([PROGRAMS.length, PROGRAMS.length]);
});

describe.each([...CASES])("%s", (rule, cases) => {
  test.each(cases.map(({ name }) => name))("refuses %s, and nothing else does", (name) => {
    const { policies, passed, text } = judged.bad.get(`${rule}: ${name}`) as Judged;
    expect(policies, text).toEqual([rule]);
    expect(passed).toBe(false);
  });

  test.each(cases.map(({ name, differs }) => [name, differs]))("lets the twin of %s pass: %s", (name) => {
    const { policies, passed, text } = judged.good.get(`${rule}: ${name}`) as Judged;
    expect(policies, text).toEqual([]);
    expect(passed, text).toBe(true);
  });
});

test("no preview of them has asked the cloud for anything but a look", async () => {
  expect(await changes(cloud)).toEqual(prepared);
});
