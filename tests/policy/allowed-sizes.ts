import type { Declared } from "../engine/harness.ts";
import type { PolicyCases } from "./case.ts";
import { autoscalePool, command, droplet, nodePool, TIMERS, UNKNOWN_TEXT } from "./parts/machines.ts";

const settings = { sizes: ["s-*", "gpu-4000adax1-20gb"] };

function app(instanceSizeSlug: string): Declared {
  const image = { registryType: "DOCKER_HUB", registry: "library", repository: "nginx" };
  const spec = { name: "case", region: "tor", services: [{ name: "web", instanceSizeSlug, image }] };
  return { name: "app", type: "digitalocean:App", args: { spec } };
}

export const cases: PolicyCases = [
  {
    name: "a droplet of another size",
    settings,
    bad: [droplet({ size: "c-2" })],
    good: [droplet({ size: "s-1vcpu-2gb" })],
    differs: "a size of the list",
  },
  {
    name: "a size that is not known before the update",
    settings,
    bad: [command, droplet({ size: UNKNOWN_TEXT, tags: TIMERS })],
    good: [command, droplet({ size: "gpu-4000adax1-20gb", tags: TIMERS })],
    differs: "the size is known",
  },
  {
    name: "DOKS nodes of another size",
    settings,
    bad: [nodePool({ size: "g-2vcpu-8gb" })],
    good: [nodePool({ size: "s-2vcpu-4gb" })],
    differs: "a size of the list",
  },
  {
    name: "a pool of droplets of another size",
    settings,
    bad: [autoscalePool({ targetNumberInstances: 1 }, { size: "c-4" })],
    good: [autoscalePool({ targetNumberInstances: 1 }, { size: "s-4vcpu-8gb" })],
    differs: "a size of the list",
  },
  {
    name: "an App Platform instance of another size",
    settings: { appSizes: ["apps-s-*"] },
    bad: [app("apps-d-1vcpu-1gb")],
    good: [app("apps-s-1vcpu-1gb")],
    differs: "a size of the list",
  },
];
