import { afterAll, beforeAll, expect, test } from "vitest";
import type { Cloud } from "../../local/cloud/server.ts";
import { type Declared, emptyCloud, objects, type Project, throwAwayProject } from "./harness.ts";

let cloud: Cloud;
let project: Project;
beforeAll(async () => {
  cloud = await emptyCloud();
  project = throwAwayProject(cloud);
});
afterAll(async () => {
  project.remove();
  await cloud.close();
});

const rule = { protocol: "tcp", portRange: "22", sourceAddresses: ["203.0.113.7"] };
const wall = (more: object): Declared => ({
  name: "wall",
  type: "digitalocean:Firewall",
  args: {
    name: "wall",
    inboundRules: [
      { ...rule, ...more },
      { ...rule, portRange: "443" },
    ],
  },
});

async function raised(more: object): Promise<string | undefined> {
  project.declare(wall(more));
  const { ops, text } = await project.up();
  expect(ops.wall, text).toBeDefined();
  return ops.wall;
}

async function actions(): Promise<unknown[]> {
  const { firewalls = [] } = await objects(cloud);
  return firewalls.flatMap((one) => (one.inbound_rules as { action?: string }[]).map(({ action }) => action));
}

test("a rule that denies is made, stays, and becomes one that allows, which is what a rule without an action does", async () => {
  expect(await raised({ action: "deny" })).toBe("create");
  expect(await actions()).toEqual(["deny", "allow"]);
  expect((await project.refresh()).ops.wall).not.toBe("update");
  expect(await raised({ action: "deny" })).toBe("same");
  expect(await raised({})).toBe("update");
  expect(await actions()).toEqual(["allow", "allow"]);
  expect(await raised({ action: "allow" })).toBe("same");
});

test("another action is refused", async () => {
  project.declare(wall({ action: "drop" }));
  const { code, errors } = await project.preview();
  expect(code).not.toBe(0);
  expect(errors.join()).toContain('to be one of ["allow" "deny"], got drop');
});
