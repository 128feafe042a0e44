import { expect, test } from "vitest";
import { UNKNOWN } from "../../domain/cost/inputs.ts";
import { declared, said } from "../testing/stack.ts";
import { rule } from "./allowed-sizes.ts";

const settings = { sizes: ["s-*"], databaseSizes: ["db-s-1vcpu-1gb"], appSizes: ["apps-s-*"] };
const service = (instanceSizeSlug: unknown) => ({ name: "web", instanceSizeSlug });

test.each([
  ["droplet", { size: "c-2" }, "size is c-2; allowed: s-*"],
  ["droplet", { size: UNKNOWN }, "size is not known before the update; allowed: s-*"],
  ["kubernetesCluster", { nodePool: { size: "c-2" } }, "nodePool.size is c-2"],
  ["databaseCluster", { size: "db-s-2vcpu-4gb" }, "size is db-s-2vcpu-4gb; allowed: db-s-1vcpu-1gb"],
  ["databaseReplica", { size: UNKNOWN }, "size is not known"],
  [
    "app",
    { spec: { services: [service("apps-d-1vcpu-1gb")] } },
    "spec.services[0].instanceSizeSlug is apps-d-1vcpu-1gb",
  ],
  [
    "app",
    { spec: { workers: [service("apps-s-1vcpu-1gb"), service(UNKNOWN)] } },
    "spec.workers[1].instanceSizeSlug is not",
  ],
  ["app", { spec: { services: UNKNOWN } }, "spec.services is not known"],
  ["app", { spec: UNKNOWN }, "spec is not known"],
])("%s with %j is refused", (word, inputs, message) => {
  expect(said(rule, declared(word, "x", inputs), settings)).toEqual([expect.stringContaining(message)]);
});

test.each([
  ["droplet", { size: "S-1vcpu-1gb" }],
  ["databaseReplica", {}],
  ["app", { spec: { staticSites: [{ name: "site" }], jobs: [service("apps-s-1vcpu-1gb")] } }],
])("%s with %j may be", (word, inputs) => expect(said(rule, declared(word, "x", inputs), settings)).toEqual([]));

test("a list that is not set allows all, an empty one nothing", () => {
  const web = declared("droplet", "web", { size: "c-2" });
  expect(said(rule, web, { databaseSizes: [] })).toEqual([]);
  expect(said(rule, web, { sizes: [] })).toHaveLength(1);
});
