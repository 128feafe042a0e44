import type { Declared } from "../engine/harness.ts";
import type { PolicyCases } from "./case.ts";
import { autoscalePool, command, droplet, UNKNOWN_TEXT, volume } from "./parts/machines.ts";

const settings = { regions: ["tor1"] };

const vpc = (region: unknown): Declared => ({ name: "vpc", type: "digitalocean:Vpc", args: { name: "case", region } });
const bucket = (more: object): Declared => ({
  name: "assets",
  type: "digitalocean:SpacesBucket",
  args: { name: "case-of-a-region", ...more },
});
const site = (region: string): Declared => ({
  name: "app",
  type: "digitalocean:App",
  args: {
    spec: {
      name: "case",
      region,
      staticSites: [{ name: "site", git: { repoCloneUrl: "https://example.org/site.git", branch: "main" } }],
    },
  },
});

export const cases: PolicyCases = [
  {
    name: "a droplet elsewhere",
    settings,
    bad: [droplet({ region: "nyc3" })],
    good: [droplet({ region: "tor1" })],
    differs: "a region of the list",
  },
  {
    name: "a droplet wherever DigitalOcean likes",
    settings,
    bad: [droplet({ region: undefined })],
    good: [droplet()],
    differs: "a region",
  },
  {
    name: "a volume elsewhere",
    settings,
    bad: [volume({ region: "ams3" })],
    good: [volume()],
    differs: "a region of the list",
  },
  {
    name: "a region that is not known before the update",
    settings,
    bad: [command, vpc(UNKNOWN_TEXT)],
    good: [command, vpc("tor1")],
    differs: "the region is known",
  },
  {
    name: "a bucket in the provider's default region",
    settings: { regions: ["ams3"] },
    bad: [bucket({})],
    good: [bucket({ region: "ams3" })],
    differs: "a region",
  },
  {
    name: "a pool of droplets elsewhere",
    settings,
    bad: [autoscalePool({ targetNumberInstances: 1 }, { region: "fra1" })],
    good: [autoscalePool({ targetNumberInstances: 1 })],
    differs: "a region of the list",
  },
  {
    name: "an app in another group of regions",
    settings,
    bad: [site("fra")],
    good: [site("tor")],
    differs: "the group of a region of the list",
  },
];
