import { expect, test } from "vitest";
import { KUBERNETES_VERSIONS } from "../../catalog/digitalocean/kubernetes-versions.ts";
import { UNKNOWN as unknown } from "../../domain/cost/inputs.ts";
import { declared, said } from "../testing/stack.ts";
import { rule } from "./doks-version.ts";

const versions = { "1.9": "2026-11-20", "1.10": "2026-11-21", "1.11": "2027-01-31" };
const judge = (version: unknown, day = "2026-11-21", settings: object = { versions }) =>
  said(rule, declared("kubernetesCluster", "one", { version }), { ...settings }, Date.parse(day));

test.each(["1.10", "1.10.4", "1.10.4-do.2", "v1.10.4-do.2", "latest", "1.12.0-do.0", "2.0.0-do.0"])(
  "%s passes",
  (version) => expect(judge(version)).toEqual([]),
);

test("a version ends after its last day", () => {
  expect(judge("1.10.4-do.2", "2026-11-21T23:59:59Z")).toEqual([]);
  expect(judge("1.10.4-do.2", "2026-11-22T00:00:00Z")).toEqual([
    "version is 1.10.4-do.2: 1.10 got its last fixes on 2026-11-21",
  ]);
});

test("an older one than the list is told what is supported", () => {
  expect(judge("1.8.1-do.0")).toEqual(["version is 1.8.1-do.0: 1.8 is not supported; these are: 1.10, 1.11"]);
});

test.each([undefined, "", "stable", "1", "1.x", "1.10.4-eks.1", 1.1])(
  "%j is no version of DigitalOcean's",
  (version) => {
    expect(judge(version)[0]).toContain("which is none of DigitalOcean's");
  },
);

test("one that is not known may have ended", () => {
  expect(judge(unknown)).toEqual(["version is not known before the update, and may be one without fixes"]);
});

test("the catalog's list is the default, in order, with days that are days", () => {
  expect(judge("1.36.0-do.0", "2026-11-21", {})).toEqual([]);
  expect(judge("1.34.5-do.6", "2026-11-21", {})).toHaveLength(1);
  const ends = KUBERNETES_VERSIONS.map(({ until }) => Date.parse(until));
  expect(ends).toEqual([...ends].sort((a, b) => a - b));
  expect(ends.every(Number.isFinite)).toBe(true);
});

test("wrong settings are refused", () => {
  expect(rule.settings.safeParse({ versions: { "1.36.0": "2027-01-01" } }).success).toBe(false);
  expect(rule.settings.safeParse({ versions: { "1.36": "soon" } }).success).toBe(false);
});
