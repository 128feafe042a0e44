import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { resourceRule, stackRule } from "../../policy/rule.ts";
import { SETTINGS_FILE } from "../../runner/gate/settings.ts";
import { localCloudControl, preview, up } from "../../runner/index.ts";
import { auditLog } from "../../runner/watch/audit.ts";
import { errorOf, type TestStack, testStack } from "../stack.ts";
import { type StubPack, stubPack } from "./stub-pack.ts";

let stack: TestStack;
let pack: StubPack;
beforeAll(async () => {
  stack = await testStack({ actionScale: 0 });
});
afterAll(() => stack.remove());
beforeEach(async () => {
  await stack.forget();
  rmSync(join(stack.root, SETTINGS_FILE), { force: true });
  before = (await changing()).length;
  program(droplet("a"));
  pack = stubPack({ rules: [noBig, few] });
});
afterEach(() => pack.remove());

const about = { reason: "r", severity: "high", settings: z.object({}) } as const;
/** What `stubPack` lets its code do; judged there, so that these only tell the gate what to expect. */
const noBig = resourceRule({
  ...about,
  id: "no-big",
  title: "no big droplets",
  fix: "take a smaller one",
  types: [],
  judge: () => [],
});
const few = stackRule({
  ...about,
  id: "few",
  title: "few droplets",
  fix: "take some out",
  settings: z.object({ max: z.number().default(9) }),
  judgeStack: () => [],
});

const droplet = (name: string, more = "") =>
  `new digitalocean.Droplet("${name}", { image: "debian-12-x64", region: "tor1", size: "s-1vcpu-1gb", ${more} });`;
const big = (name: string) => droplet(name, `size: "s-8vcpu-16gb",`);

/** Writes the program of the stack. */
function program(...lines: string[]): void {
  const imports = `import * as digitalocean from "@pulumi/digitalocean";\nimport * as pulumi from "@pulumi/pulumi";\n`;
  writeFileSync(join(stack.root, "index.ts"), `${imports}void pulumi;\n${lines.join("\n")}\n`);
}

/** Writes the policy settings of the project. */
function policies(settings: Record<string, { level?: string; max?: number }>): void {
  writeFileSync(join(stack.root, SETTINGS_FILE), JSON.stringify({ policies: settings }));
}

const judged = (more = {}) => ({ ...stack.options, pack: pack.pack, ...more });

let before = 0;

/** What was asked of the cloud in this test that makes, changes or removes something. */
async function posts(): Promise<string[]> {
  return (await changing()).slice(before);
}

async function changing(): Promise<string[]> {
  const requests = await localCloudControl<{ method: string; path?: string; url?: string }[]>(
    { home: stack.home },
    "GET",
    "requests",
  );
  return requests.filter(({ method }) => method !== "GET").map(({ method, path, url }) => `${method} ${path ?? url}`);
}

/** Names of the droplets that there are. */
async function droplets(): Promise<string[]> {
  return ((await stack.objects()).droplets ?? []).map(({ name }) => String(name).replace(/-[0-9a-f]{7}$/, "")).sort();
}

/** Messages of the updates in the stack's history, oldest first. */
function history(): string[] {
  const folder = join(stack.home, "state", "local", ".pulumi", "history", "windlass", "test");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".history.json"))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as { kind: string; message: string })
    .filter(({ kind }) => kind === "update")
    .map(({ message }) => message);
}

describe("a plan that a policy refuses", () => {
  test("is not made: every violation at once, with what to do, and no request that makes anything", async () => {
    program(big("a"), big("b"), droplet("c"));
    policies({ few: { max: 2 } });
    const error = await errorOf(up(judged()));
    expect(error).toMatchObject({ code: "PolicyViolation", exitCode: 3 });
    expect(inOrder(error.details.violations)).toEqual([
      { policy: "few", resource: "test", message: "3 droplets, more than 2", fix: "take some out", severity: "high" },
      { policy: "no-big", resource: "a", message: "s-8vcpu-16gb is big", fix: "take a smaller one", severity: "high" },
      { policy: "no-big", resource: "b", message: "s-8vcpu-16gb is big", fix: "take a smaller one", severity: "high" },
    ]);
    expect(error.details.suggestion).toBe("take a smaller one; take some out");
    expect(await posts()).toEqual([]);
  });

  test("is shown by preview, with its changes and its cost", async () => {
    program(big("a"));
    const plan = await preview(judged());
    expect(plan.policy.violations).toMatchObject([{ policy: "no-big", resource: "a" }]);
    expect(plan.changes.create).toBe(2);
    expect(plan.cost.monthly).toBeGreaterThan(50);
  });

  test("is one that a policy only advises against no more", async () => {
    program(big("a"));
    policies({ "no-big": { level: "advisory" } });
    const { policy } = await up(judged());
    expect(policy?.advisories).toMatchObject([{ policy: "no-big", resource: "a" }]);
    expect(await droplets()).toEqual(["a"]);
  });
});

/** The engine judges resources at the same time. */
const inOrder = (violations: unknown) =>
  [...(violations as { policy: string; resource: string }[])].sort((a, b) =>
    `${a.policy} ${a.resource}` < `${b.policy} ${b.resource}` ? -1 : 1,
  );

const messages = (violations: unknown) => (violations as { message: string }[]).map(({ message }) => message);

describe("what nobody has judged is refused", () => {
  test("where the pack cannot start", async () => {
    pack.code("throw new Error('broken');");
    const error = await errorOf(up(judged()));
    expect(error).toMatchObject({ code: "PolicyViolation", exitCode: 3 });
    expect(error.details.reason).toContain("did not start");
  });

  test("where another pack answers than the one that should", async () => {
    pack.code(pack.text.replace('"stub"', '"another"'));
    const { violations } = (await errorOf(up(judged()))).details;
    expect(messages(violations)).toContain("a was not judged by the policy pack");
    expect(messages(violations)).toContain("the stack as a whole was not judged by the policy pack");
  });

  test("where the pack lacks a rule that has settings", async () => {
    pack.pack.rules = [...pack.pack.rules, { ...noBig, id: "no-old" }];
    const error = await errorOf(up(judged()));
    expect(error).toMatchObject({ code: "PolicyViolation", exitCode: 3 });
    expect(error.details.reason).toContain("did not start");
  });

  test("where a rule reads what is not known before the update, which the engine takes for an advice", async () => {
    program(
      `const vpc = new digitalocean.Vpc("v", { region: "tor1" });`,
      droplet("a", "vpcUuid: vpc.id, userData: vpc.id,"),
    );
    pack.code(pack.text.replace("// more", "String(`${args.props.userData}`);"));
    const { violations } = (await errorOf(up(judged()))).details;
    expect(violations).toMatchObject([{ policy: "no-big", resource: "a", message: /^can't run policy 'no-big'/ }]);
  });

  test("where a rule breaks", async () => {
    pack.code(pack.text.replace("// more", "throw new Error('rule is broken');"));
    const error = await errorOf(up(judged()));
    expect(error.details.reason).toContain("rule is broken");
  });

  afterEach(async () => {
    expect(await posts()).toEqual([]);
  });
});

describe("an update keeps to the plan that was judged", () => {
  test("a count that comes from another resource's output is refused before the create", async () => {
    program(
      `const vpc = new digitalocean.Vpc("v", { region: "tor1" });`,
      `vpc.id.apply((id) => { for (const n of [1, 2, 3]) ${droplet("d", "").replace('"d"', `\`d\${n}\``)} void id; });`,
    );
    const error = await errorOf(up(judged()));
    expect(error).toMatchObject({ code: "PolicyViolation", exitCode: 3 });
    expect(error.details.reason).toContain("the preview did not show");
    expect(await droplets()).toEqual([]);
    expect((await posts()).filter((line) => line.startsWith("POST /v2/droplets"))).toEqual([]);
    // What was made by then makes the count known: now it is judged.
    policies({ few: { max: 2 } });
    expect((await errorOf(up(judged()))).details.violations).toMatchObject([{ policy: "few" }]);
    policies({ few: { max: 3 } });
    await up(judged());
    expect(await droplets()).toEqual(["d1", "d2", "d3"]);
  });

  test("an input that turns out otherwise than the preview knew is judged again, before it is made", async () => {
    program(
      `const vpc = new digitalocean.Vpc("v", { region: "tor1" });`,
      droplet("a", `size: vpc.id.apply(() => "s-8vcpu-16gb"),`),
    );
    const error = await errorOf(up(judged()));
    expect(error.details.violations).toMatchObject([{ policy: "no-big", resource: "a" }]);
    expect(await droplets()).toEqual([]);
  });

  test("a program that is changed while the plan is looked at", async () => {
    const confirm = async () => {
      program(droplet("a"), droplet("b"));
      return true;
    };
    const error = await errorOf(up(judged({ confirm })));
    expect(error).toMatchObject({ code: "PolicyViolation", exitCode: 3 });
    expect(await droplets()).not.toContain("b");
  });

  test("a config that is changed while the plan is looked at", async () => {
    const confirm = async () => {
      stack.configure({ volumeSizeGiB: 200 });
      return true;
    };
    const error = await errorOf(up(judged({ confirm })));
    expect(error).toMatchObject({ code: "ConfigInvalid", exitCode: 1 });
    expect(await posts()).toEqual([]);
    stack.configure({ volumeSizeGiB: 100 });
  });

  test("policies that are changed while the plan is looked at count from the next time on", async () => {
    const confirm = async () => {
      policies({ few: { max: 0 } });
      return true;
    };
    await up(judged({ confirm }));
    expect(await droplets()).toEqual(["a"]);
    expect((await errorOf(up(judged()))).details.violations).toMatchObject([{ policy: "few" }]);
  });
});

describe("an up that changes nothing", () => {
  test("ends with its preview; outputs and protection are written all the same", async () => {
    program(droplet("a"), "export const x = 1;");
    await up(judged());
    expect(history()).toHaveLength(1);
    await up(judged());
    expect(history()).toHaveLength(1);
    program(droplet("a"), "export const x = 2;");
    expect((await up(judged())).outputs).toMatchObject({ x: 2 });
    program(droplet("a").replace(" });", " }, { protect: true });"), "export const x = 2;");
    await up(judged());
    expect(history()).toHaveLength(3);
    program(droplet("a"), "export const x = 2;");
    await up(judged());
    expect(history()).toHaveLength(4);
  });
});

describe("an override", () => {
  const overrides = [{ policy: "no-big", why: "load test on Friday" }];

  test("lets one policy only tell, is told of, and is kept in the audit log and the history", async () => {
    program(big("a"));
    const { policy } = await up(judged({ overrides, message: "more load" }));
    const violations = [{ policy: "no-big", resource: "a", message: "s-8vcpu-16gb is big" }];
    expect(policy?.overrides).toMatchObject([{ policy: "no-big", why: "load test on Friday", violations }]);
    expect(history()).toEqual(["more load [policy no-big overridden: load test on Friday]"]);
    const log = auditLog(stack.home, { project: "finance-smollm3", stack: "test" }).all();
    expect(log.map(({ outcome }) => outcome)).toEqual(["begun", "done"]);
    expect(log[0]).toMatchObject({ decision: "override", topic: "policy", reason: "load test on Friday" });
    expect(log[0]?.evidence).toMatchObject({ policy: "no-big", operation: "up", violations });
    expect(log[0]?.actor.pid).toBe(process.pid);
  });

  test("lets no other policy pass", async () => {
    program(big("a"));
    policies({ few: { max: 0 } });
    const { violations } = (await errorOf(up(judged({ overrides })))).details;
    expect(violations).toMatchObject([{ policy: "few" }]);
    expect(await posts()).toEqual([]);
  });

  test.each([
    [{ policy: "no-bigg", why: "x" }, "did you mean no-big?"],
    [{ policy: "no-big", why: " " }, "--why"],
  ])("%j is wrong usage", async (override, text) => {
    const error = await errorOf(up(judged({ overrides: [override] })));
    expect(error).toMatchObject({ code: "UsageError", exitCode: 2 });
    expect(error.message).toContain(text);
  });
});
