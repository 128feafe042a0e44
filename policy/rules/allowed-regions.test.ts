import { expect, test } from "vitest";
import { UNKNOWN } from "../../domain/cost/inputs.ts";
import { declared, said } from "../testing/stack.ts";
import { rule } from "./allowed-regions.ts";

const settings = { regions: ["tor1", "nyc2"] };

test.each([
  ["droplet", { region: "nyc3" }, "region is nyc3; allowed: tor1, nyc2"],
  ["droplet", {}, "region is not set, so DigitalOcean chooses one"],
  ["droplet", { region: UNKNOWN }, "region is not known before the update"],
  ["loadBalancer", {}, "region is not set"],
  ["spacesBucket", {}, "region is nyc3"],
  ["databaseReplica", { region: "fra1" }, "region is fra1"],
  ["dropletAutoscale", { dropletTemplate: { region: "fra1" } }, "dropletTemplate.region is fra1"],
  ["dropletAutoscale", { dropletTemplate: UNKNOWN }, "dropletTemplate.region is not known"],
  ["app", { spec: { region: "fra" } }, "spec.region is fra"],
  ["app", { spec: {} }, "spec.region is not set"],
  ["customImage", { regions: ["tor1", "ams3"] }, "regions[1] is ams3"],
  ["customImage", { regions: UNKNOWN }, "regions is not known"],
])("%s with %j is refused", (word, inputs, message) => {
  expect(said(rule, declared(word, "x", inputs), settings)).toEqual([expect.stringContaining(message)]);
});

test.each([
  ["droplet", { region: "TOR1" }],
  ["app", { spec: { region: "nyc" } }],
  ["loadBalancer", { type: "GLOBAL" }],
  ["databaseReplica", {}],
  ["uptimeCheck", { regions: ["eu_west"] }],
  ["domain", { name: "example.org" }],
])("%s with %j may be", (word, inputs) => expect(said(rule, declared(word, "x", inputs), settings)).toEqual([]));

test("without a list all regions are allowed; what is no region is no setting", () => {
  expect(said(rule, declared("droplet", "web", { region: "nyc3" }))).toEqual([]);
  expect(rule.settings.safeParse({ regions: ["Toronto"] }).success).toBe(false);
});
