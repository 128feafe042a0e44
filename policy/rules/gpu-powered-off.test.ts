import { expect, test } from "vitest";
import { UNKNOWN } from "../../domain/cost/inputs.ts";
import { declared, findings } from "../testing/stack.ts";
import { rule } from "./gpu-powered-off.ts";

const droplet = (size: unknown, status: unknown) => declared("droplet", "node", { size }, { outputs: { status } });

test("a GPU droplet that is off is told with what it goes on costing", () => {
  expect(findings(rule, [droplet("gpu-h100x1-80gb", "off")])).toEqual([
    "node: it is powered off and costs $3.39 an hour all the same, $2474.7 a month",
  ]);
  expect(findings(rule, [droplet("gpu-new-x8", "off")])).toEqual(["node: it is powered off and billed all the same"]);
});

test("one that is on, one that is to be made, and one without a GPU are not", () => {
  const fine = [
    droplet("gpu-h100x1-80gb", "active"),
    droplet("gpu-h100x1-80gb", UNKNOWN),
    droplet("s-1vcpu-1gb", "off"),
  ];
  expect(findings(rule, fine)).toEqual([]);
  expect(findings(rule, [declared("droplet", "node", { size: "gpu-h100x1-80gb" })])).toEqual([]);
});

test("with allSizes those without a GPU are too, and one whose size is not known always is", () => {
  expect(findings(rule, [droplet("s-1vcpu-1gb", "off")], { allSizes: true })).toHaveLength(1);
  expect(findings(rule, [droplet(UNKNOWN, "off")])).toHaveLength(1);
});
