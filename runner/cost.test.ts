import { expect, test } from "vitest";
import { estimateCost } from "./cost.ts";

const sizes = [{ slug: "gpu-h100x1-80gb", priceHourly: 3.39 }];
const droplet = { type: "digitalocean:index/droplet:Droplet", name: "node", inputs: { size: "gpu-h100x1-80gb" } };
const volume = { type: "digitalocean:index/volume:Volume", name: "data", inputs: { size: 500 } };

test("a node and its volume, from nothing", () => {
  expect(estimateCost([], [droplet, volume], sizes)).toMatchObject({
    hourly: 3.46,
    monthly: 2524.7,
    previousMonthly: 0,
    diffMonthly: 2524.7,
    unpriced: [],
  });
});

test("what goes away is taken off", () => {
  const { monthly, previousMonthly, diffMonthly } = estimateCost([droplet, volume], [volume], sizes);
  expect([monthly, previousMonthly, diffMonthly]).toEqual([50, 2524.7, -2474.7]);
});

test("what costs nothing is not listed, what is not known is named and never zero", () => {
  const free = [
    "digitalocean:index/vpc:Vpc",
    "command:remote:Command",
    "windlass:gpu:TrainingNode",
    "pulumi:pulumi:Stack",
  ];
  const others = free.map((type) => ({ type, name: type, inputs: {} }));
  const balancer = { type: "digitalocean:index/vpcNatGateway:VpcNatGateway", name: "nat", inputs: {} };
  const unheardOf = { ...droplet, name: "new", inputs: { size: "gpu-b300" } };
  const cost = estimateCost([], [...others, balancer, unheardOf], sizes);
  expect(cost).toMatchObject({ resources: [], unpriced: ["nat", "new"] });
});
