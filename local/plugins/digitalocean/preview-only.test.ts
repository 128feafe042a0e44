import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import type { Resource } from "../engine/provider.ts";
import { type Properties, UNKNOWN } from "../engine/values.ts";
import { plural, previewOnly } from "./preview-only.ts";
import { sdkClass } from "./sdk-class.ts";
import { TYPES } from "./types/index.ts";

const SDK = dirname(createRequire(import.meta.url).resolve("@pulumi/digitalocean/package.json"));
const TOKENS = [...readFileSync(join(SDK, "index.js"), "utf8").matchAll(/case "(digitalocean:index\/\w+:\w+)"/g)].map(
  ([, token]) => token as string,
);
const BALANCER = "digitalocean:index/loadBalancer:LoadBalancer";

/** Members of an interface in the SDK's declarations, with what may not be left out. */
function declared(token: string, kind: "Args" | "State") {
  const [word, name] = token.split("/")[1]!.split(":") as [string, string];
  const text = readFileSync(join(SDK, `${word}.d.ts`), "utf8").replace(/\/\*\*[\s\S]*?\*\//g, "");
  const body = new RegExp(`export interface ${name}${kind} \\{([\\s\\S]*?)\\n\\}`).exec(text)?.[1] ?? "";
  const members = [...body.matchAll(/^ {4}(\w+)(\?)?:/gm)];
  return {
    all: members.map(([, key]) => key as string).sort(),
    required: members
      .filter(([, , optional]) => !optional)
      .map(([, key]) => key as string)
      .sort(),
  };
}

function call(inputs: Properties, more: object = {}) {
  const naming = { seed: new Uint8Array([1]) };
  return {
    urn: "urn",
    name: "web",
    preview: true,
    inputs,
    oldInputs: {},
    oldOutputs: {},
    ignoreChanges: [],
    naming,
    ...more,
  } as never;
}

test("every type of the SDK can be previewed, with the inputs and outputs of its declarations", () => {
  expect(TOKENS.length).toBeGreaterThan(80);
  for (const token of TOKENS) {
    const known = sdkClass(token);
    const args = declared(token, "Args");
    expect([token, known?.inputs.toSorted()]).toEqual([token, args.all]);
    expect([token, known?.required.toSorted()]).toEqual([token, args.required]);
    const outputs = declared(token, "State").all.filter((name) => !args.all.includes(name));
    expect([token, known?.outputs.toSorted()]).toEqual([token, outputs]);
    if (!TYPES.has(token)) expect(plural(token)).toMatch(/^[a-z0-9 ]+s$/);
  }
});

test("a preview echoes what is given, names it, and leaves the rest unknown", async () => {
  const balancer = previewOnly(BALANCER) as Resource;
  const checked = balancer.check(call({ region: "nyc1", size: UNKNOWN, forwardingRules: [{ entryPort: 80 }] }));
  expect(checked.failures).toEqual([]);
  expect(checked.inputs.name).toMatch(/^web-[0-9a-f]{7}$/);
  const { outputs } = await balancer.create(call(checked.inputs));
  expect(outputs).toMatchObject({ region: "nyc1", size: UNKNOWN, forwardingRules: [{ entryPort: 80 }] });
  expect([outputs.ip, outputs.status, outputs.vpcUuid]).toEqual([UNKNOWN, UNKNOWN, UNKNOWN]);
  expect(outputs).not.toHaveProperty("__defaults");
});

test("what is missing or misspelt is told in the preview", () => {
  const balancer = previewOnly(BALANCER) as Resource;
  const { failures } = balancer.check(call({ regoin: "nyc1" }));
  expect(failures).toEqual([{ property: "regoin", reason: expect.stringContaining("Invalid or unknown key") }]);
  const cluster = previewOnly("digitalocean:index/databaseCluster:DatabaseCluster") as Resource;
  expect(cluster.check(call({})).failures.map(({ property }) => property)).toEqual(
    expect.arrayContaining(["engine", "nodeCount", "region", "size"]),
  );
});

test("against a state from elsewhere it tells what would change, and changes nothing", async () => {
  const balancer = previewOnly(BALANCER) as Resource;
  const state = { oldOutputs: { id: "1", region: "nyc1", name: "web", size: "lb-small", ip: "192.0.2.1" }, id: "1" };
  const same = balancer.diff(call({ region: "nyc1", name: "web" }, state));
  expect(same.changes).toEqual([]);
  const { changes } = balancer.diff(call({ region: "nyc1", name: "web", size: "lb-large" }, state));
  expect(changes).toEqual([{ path: "size", kind: "update", replaces: false }]);
});

test("nothing of it is made, changed, read or deleted", async () => {
  const balancer = previewOnly(BALANCER) as Resource;
  const real = call({ region: "nyc1" }, { preview: false });
  for (const work of [balancer.create, balancer.update, balancer.read, balancer.delete]) {
    await expect(work(real)).rejects.toThrow("the local cloud has no load balancers yet");
  }
});

test("what is no type of the SDK stays unknown", () => {
  expect(previewOnly("digitalocean:index/getDroplet:getDroplet")).toBeUndefined();
  expect(previewOnly("digitalocean:index/moonBase:MoonBase")).toBeUndefined();
  expect(previewOnly("aws:s3/bucket:Bucket")).toBeUndefined();
});
