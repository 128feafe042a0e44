import { expect, test } from "vitest";
import { UNKNOWN } from "../../domain/cost/inputs.ts";
import { declared, said } from "../testing/stack.ts";
import { rule } from "./known-size.ts";

const size = (slug: unknown) => declared("droplet", "web", { size: slug });

test("a size that there is not is refused with the nearest ones", () => {
  expect(said(rule, size("s-2vcpu-4bg"))).toEqual([
    expect.stringMatching(/^size is s-2vcpu-4bg, which DigitalOcean does not have; near: s-2vcpu-4gb, .+, .+$/),
  ]);
  expect(said(rule, size("?"))).toEqual(["size is ?, which DigitalOcean does not have"]);
  expect(said(rule, declared("kubernetesCluster", "x", { nodePool: { size: "nodes" } }))[0]).toContain(
    "nodePool.size is",
  );
});

test("sizes with a price, without one, and of the setting are known, whatever their letter case", () => {
  for (const slug of ["s-1vcpu-1gb", "S-1VCPU-1GB", "c-8-intel"]) expect(said(rule, size(slug))).toEqual([]);
  expect(said(rule, size("x-1"), { more: ["x-1"] })).toEqual([]);
});

test("one that is not known before the update is judged in the update", () => {
  expect(said(rule, size(UNKNOWN))).toEqual([]);
});
