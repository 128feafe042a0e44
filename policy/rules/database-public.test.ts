import { describe, expect, test } from "vitest";
import { UNKNOWN as unknown } from "../../domain/cost/inputs.ts";
import type { Subject } from "../rule.ts";
import { declared, findings } from "../testing/stack.ts";
import { rule } from "./database-public.ts";

const vpc = declared("vpc", "vpc", {});
const cluster = declared("databaseCluster", "db", { engine: "pg" }, { id: "c1" });
const firewall = (rules: unknown, ...from: Subject[]) =>
  declared(
    "databaseFirewall",
    "fw",
    { clusterId: "c1", rules },
    { propertyDependencies: { rules: from.map(({ urn }) => urn) } },
  );
const said = (rules: unknown, ...from: Subject[]) => findings(rule, [vpc, cluster, firewall(rules, ...from)]);

const NONE = "no trusted sources: no DatabaseFirewall of this stack is for it";

describe("trusted sources that are none", () => {
  test.each([
    ["no rule", [], "fw: it has no rule, and a cluster without trusted sources is open to the world"],
    ["rules that are not known", unknown, "fw: its rules are not known before the update"],
    ["a rule that is not known", [unknown], "fw: rules[0] may trust anybody: its type is not known before the update"],
    ["the world", [{ type: "ip_addr", value: "0.0.0.0/0" }], "fw: rules[0] trusts 0.0.0.0/0"],
    ["the world as one address", [{ type: "ip_addr", value: "0.0.0.0" }], "fw: rules[0] trusts 0.0.0.0"],
    [
      "the world with the type of the SDK's text",
      [{ type: "ipAddr", value: "0.0.0.0/0" }],
      "fw: rules[0] trusts 0.0.0.0/0",
    ],
    [
      "an address that is not known",
      [{ type: "ip_addr", value: unknown }],
      "fw: rules[0] trusts an address that is not known before the update",
    ],
    ["no address", [{ type: "ip_addr", value: "all" }], 'fw: rules[0] trusts "all", which is not an address,'],
    [
      "a type that is not known",
      [{ type: unknown, value: "x" }],
      "fw: rules[0] may trust anybody: its type is not known before the update",
    ],
  ])("%s", (_, rules, message) => expect(said(rules)).toEqual([message]));
});

describe("trusted sources", () => {
  test.each(["droplet", "k8s", "app", "tag"])("a %s, known or not", (type) => {
    expect(said([{ type, value: "x" }])).toEqual([]);
    expect(said([{ type, value: unknown }])).toEqual([]);
  });
  test("the range of a VPC that is not made yet", () => {
    expect(said([{ type: "ip_addr", value: unknown }], vpc)).toEqual([]);
    expect(said([{ type: "ip_addr", value: unknown }], vpc, cluster)).toHaveLength(1);
  });
});

describe("whose they are", () => {
  const rules = [{ type: "tag", value: "web" }];
  const of = (clusterId: unknown, ...from: Subject[]) =>
    declared(
      "databaseFirewall",
      "fw",
      { clusterId, rules },
      { propertyDependencies: { clusterId: from.map(({ urn }) => urn) } },
    );
  const replica = declared(
    "databaseReplica",
    "replica",
    { clusterId: "c1" },
    { id: unknown, outputs: { uuid: unknown } },
  );

  test("nobody's", () => expect(findings(rule, [cluster])).toEqual([`db: ${NONE}`]));
  test("another's", () => expect(findings(rule, [cluster, of("c2")])).toEqual([`db: ${NONE}`]));
  test("its own, not known yet", () => expect(findings(rule, [cluster, of(unknown, cluster)])).toEqual([]));
  test("not a replica's, though neither id is known", () =>
    expect(findings(rule, [cluster, replica, of(unknown, cluster)])).toEqual([`replica: ${NONE}`]));
  test("a replica's, by its uuid", () => {
    const made = declared("databaseReplica", "replica", {}, { id: "c1/replicas/r", outputs: { uuid: "r1" } });
    expect(findings(rule, [made, of("r1")])).toEqual([]);
  });
});
