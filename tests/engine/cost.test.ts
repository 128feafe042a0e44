import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accruedUsd, dropletRate } from "../../domain/cost/accrual.ts";
import { amountUntil } from "../../local/cloud/billing/prices.ts";
import {
  APP,
  BALANCED_DROPLETS,
  DATABASE,
  KUBERNETES,
  type PlannedResource,
  planDocument,
  SPACES,
  UNKNOWN,
} from "./cost-plans.ts";
import { emptyCloud, type Project, throwAwayProject } from "./harness.ts";
import { type RunnerProject, runnerProject } from "./runner-project.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "windlass-cost-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** `windlass cost ARGS`, in the environment of somebody who has nothing to do with this repository. */
function cost(args: readonly string[], env: Record<string, string> = {}, stdin = ""): Promise<Ended> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(PULUMI_|WINDLASS_|DIGITALOCEAN_)/.test(name));
  const child = spawn(process.execPath, [join(ROOT, "runner", "cli", "main.ts"), "cost", ...args], {
    cwd: folder,
    env: { ...Object.fromEntries(inherited), WINDLASS_HOME: join(folder, "home"), NO_COLOR: "1", ...env },
  });
  const ended: Ended = { code: null, stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (data) => (ended.stdout += data));
  child.stderr.setEncoding("utf8").on("data", (data) => (ended.stderr += data));
  child.stdin.end(stdin);
  return new Promise((resolve) => child.once("close", (code) => resolve({ ...ended, code })));
}

async function json(
  args: readonly string[],
  env: Record<string, string> = {},
  stdin = "",
): Promise<Record<string, any>> {
  const { code, stdout, stderr } = await cost([...args, "--json"], env, stdin);
  if (code !== 0) throw new Error(`exit code ${code}\n${stdout}\n${stderr}`);
  return JSON.parse(stdout);
}

function written(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const planned = (resources: readonly PlannedResource[], old?: readonly PlannedResource[]) =>
  json(["--plan", written("plan.json", planDocument(resources, old))]);
const months = (report: Record<string, any>) =>
  Object.fromEntries(report.resources.map(({ name, monthly }: { name: string; monthly: number }) => [name, monthly]));

describe("saved plans of programs like the public examples", () => {
  test("droplets behind a load balancer", async () => {
    const report = await planned(BALANCED_DROPLETS);
    expect(months(report)).toEqual({ "web-1": 6, "web-2": 6, "web-3": 6, public: 12 });
    expect(report).toMatchObject({ currency: "USD", monthly: 30, previousMonthly: 0, diffMonthly: 30, unpriced: [] });
    expect(report.coverage).toEqual({ resources: 5, priced: 4, free: 1, usage: 0, unpriced: 0 });
    expect(report.tree).toEqual([expect.objectContaining({ name: "web", change: "+", monthly: 30 })]);
  });
  test("Kubernetes: nodes, high availability, a pool that grows, a registry", async () => {
    const report = await planned(KUBERNETES);
    expect(months(report)).toEqual({ cluster: 94, workers: 48, images: 5 });
    const workers = report.resources.find(({ name }: { name: string }) => name === "workers");
    expect(workers.usage).toEqual([expect.objectContaining({ key: "extra_nodes", unitUsd: 48 })]);
  });
  test("a managed database with a standby and a replica; an engine without a known price is named", async () => {
    const report = await planned(DATABASE);
    expect(months(report)).toEqual({ pg: 121.8, reader: 30.45 });
    expect(report.unpriced).toEqual(["search"]);
    expect(report.reasons[0].reason).toContain("opensearch");
    expect(report.coverage).toEqual({ resources: 6, priced: 2, free: 3, usage: 0, unpriced: 1 });
  });
  test("an app by its instances, Spaces by a subscription and by use", async () => {
    expect(months(await planned(APP))).toEqual({ api: 29 });
    const spaces = await planned(SPACES);
    expect(months(spaces)).toEqual({ assets: 5, logs: 0 });
    expect(spaces.resources[0].usage.map(({ key }: { key: string }) => key)).toEqual(["storage_gib", "outbound_gib"]);
  });
  test("what is not known before the update has no price", async () => {
    const report = await planned([{ type: "droplet", name: "web", inputs: { size: UNKNOWN } }]);
    expect(report).toMatchObject({ unpriced: ["web"], monthly: 0, coverage: { unpriced: 1 } });
  });
  test("the text says what comes, goes and changes, what depends on usage, and how much is covered", async () => {
    const [web, one, two] = BALANCED_DROPLETS as [PlannedResource, PlannedResource, PlannedResource];
    const bigger = { ...one, inputs: { ...one.inputs, size: "s-2vcpu-2gb" } };
    const plan = written("text.json", planDocument([web, bigger, ...DATABASE, ...SPACES], [web, one, two]));
    const { stdout, code } = await cost(["--plan", plan]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^~ web +\$/m);
    expect(stdout).toMatch(/^ {2}~ web-1 +droplet s-2vcpu-2gb +\$0.0268 +\$18.00 +\+\$12.00$/m);
    expect(stdout).toMatch(/^ {2}- web-2 .* -\$6.00$/m);
    expect(stdout).toMatch(/^\+ pg +database cluster pg db-s-2vcpu-4gb x 2/m);
    expect(stdout).toContain("assets: storage: $0.02 per GiB and month, 250 come with it (storage_gib)");
    expect(stdout).toContain("total: at least $12.00 -> $175.25 per month (+$163.25, +1360 %)");
    expect(stdout).toContain("11 resources: 5 priced, 5 free, 1 not priced: search");
    expect(stdout).toMatch(/warning: the oldest price in this is of 2025-09-05, \d+ days ago/);
  });
  test("Markdown for a pull request has the total first and the table folded", async () => {
    const named = [{ type: "droplet", name: "a|b*c", inputs: { size: "s-1vcpu-1gb" } }];
    const { stdout } = await cost(["--plan", "-", "--markdown"], {}, planDocument(named));
    expect(stdout).toMatch(/^### Cost of -\n\n\*\*total: \$0.00 -> \$6.00 per month/);
    expect(stdout).toContain("<details><summary>Resources</summary>");
    expect(stdout).toContain("| + a\\|b\\*c | droplet s-1vcpu-1gb | $0.0089 | $6.00 | +$6.00 |");
  });
  test("a usage file fills in what depends on usage; a key that fits nothing is a warning", async () => {
    const usage = written(
      "usage.yaml",
      "outbound_gib: 1500\nresources:\n  assets: { storage_gib: 350 }\n  asets: { storage_gib: 1 }\n",
    );
    const plan = written(
      "usage.json",
      planDocument([...SPACES, { type: "droplet", name: "web", inputs: { size: "s-1vcpu-1gb" } }]),
    );
    const report = await json(["--plan", plan, "--usage", usage]);
    expect(report.monthly).toBe(5 + 2 + 6 + 5);
    expect(report.warnings[0]).toContain("resources.asets.storage_gib fits no resource");
  });
});

describe("any Pulumi project of this engine", () => {
  let cloud: Awaited<ReturnType<typeof emptyCloud>>;
  let project: Project;
  let env: Record<string, string>;
  beforeAll(async () => {
    cloud = await emptyCloud();
    project = throwAwayProject(cloud);
    env = {
      PULUMI_HOME: join(project.dir, "home"),
      PULUMI_BACKEND_URL: `file://${join(project.dir, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      DIGITALOCEAN_API_URL: cloud.url,
      DIGITALOCEAN_TOKEN: cloud.token,
    };
  });
  afterAll(async () => {
    project.remove();
    await cloud.close();
  });
  const program = (text: string) => writeFileSync(join(project.dir, "index.ts"), text);
  const here = () =>
    readdirSync(project.dir).map((name) => [
      name,
      name.endsWith(".yaml") ? readFileSync(join(project.dir, name), "utf8") : "",
    ]);

  /** The harness asks for events; a plan is one document. */
  const ONE_DOCUMENT = { PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "false" };
  const WEB = `
import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
class Web extends pulumi.ComponentResource {
  constructor(name: string, count: number) {
    super("shop:index:Web", name);
    const vpc = new digitalocean.Vpc(name, { region: "nyc3" }, { parent: this });
    for (let n = 0; n < count; n++) {
      new digitalocean.Droplet(\`\${name}-\${n}\`, { image: "debian-12-x64", region: "nyc3", size: "s-1vcpu-1gb", vpcUuid: vpc.id }, { parent: this });
    }
  }
}
new Web("web", COUNT);
const ip = new digitalocean.ReservedIp("ip", { region: "nyc3" });
new digitalocean.Volume("data", { region: "nyc3", size: 100, initialFilesystemType: "ext4" });
const db = new digitalocean.Droplet("db", { image: "debian-12-x64", region: "nyc3", size: "s-2vcpu-4gb", backups: true });
new digitalocean.ReservedIpAssignment("ip", { ipAddress: ip.ipAddress, dropletId: db.id.apply(Number) });
`;

  test("one without a stack is priced from nothing, and nothing is left in it", async () => {
    program(WEB.replace("COUNT", "2"));
    const before = here();
    const report = await json(["--cwd", project.dir], env);
    expect(months(report)).toEqual({ "web-0": 6, "web-1": 6, data: 10, db: 28.8 });
    expect(report).toMatchObject({ monthly: 50.8, previousMonthly: 0, unpriced: [] });
    expect(report.coverage).toMatchObject({ resources: 7, priced: 4, free: 3 });
    expect(report.tree.map(({ name }: { name: string }) => name)).toEqual(["db", "web", "data"]);
    expect(here()).toEqual(before);
    expect(existsSync(join(project.dir, "state", ".pulumi", "stacks"))).toBe(false);
  });
  test("one with a state is compared with it", async () => {
    program(WEB.replace("COUNT", "1").replace("backups: true", "backups: false"));
    const up = await project.up();
    expect(up.errors).toEqual([]);
    program(WEB.replace("COUNT", "3").replace("backups: true", "backups: false"));
    const report = await json(["--cwd", project.dir, "--stack", "test"], env);
    expect(report).toMatchObject({ previousMonthly: 40, monthly: 52, diffMonthly: 12 });
    const web = report.tree.find(({ name }: { name: string }) => name === "web");
    expect(web.children.map(({ change }: { change: string }) => change).sort()).toEqual(["+", "+", "="]);
    const exported = await project.pulumi(["stack", "export"]);
    const state = written("state.json", exported.text);
    expect(await json(["--state", state])).toMatchObject({ monthly: 40, diffMonthly: 0, unpriced: [] });
  });
  test("a saved plan that leaves out what does not change says so; one with all of it adds up", async () => {
    const flags = (...more: string[]) => project.pulumi(["preview", "--json", ...more], { env: ONE_DOCUMENT });
    const short = await json(["--plan", written("short.json", (await flags()).text)]);
    expect(short).toMatchObject({ monthly: 12, diffMonthly: 12 });
    expect(short.warnings[0]).toMatch(/^the plan leaves out \d+ resources/);
    const whole = await json(["--plan", written("whole.json", (await flags("--show-sames")).text)]);
    expect(whole).toMatchObject({ previousMonthly: 40, monthly: 52, diffMonthly: 12 });
    expect(whole.warnings.join()).not.toContain("leaves out");
  });
  test("--refresh reads the prices of the account and keeps them, dated today", async () => {
    const home = join(folder, "refreshed");
    const plan = written(
      "one.json",
      planDocument([{ type: "droplet", name: "a", inputs: { size: "gpu-h100x1-80gb" } }]),
    );
    const today = () => new Date().toISOString().slice(0, 10);
    const before = today();
    const report = await json(["--plan", plan, "--refresh"], { ...env, WINDLASS_HOME: home });
    expect(report.warnings).toEqual([]);
    expect([before, today()]).toContain(report.pricesAsOf);
    expect((await json(["--plan", plan], { WINDLASS_HOME: home })).pricesAsOf).toBe(report.pricesAsOf);
    const refused = await cost(["--plan", plan, "--refresh"]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("no token was found")]);
  });
  test.each([
    ["does not compile", "const x: = 3;\n", /index\.ts:1: SyntaxError/],
    [
      "throws",
      'import "@pulumi/pulumi";\nthrow new TypeError("no size given");\n',
      /index\.ts:2: TypeError: no size given/,
    ],
  ])("one that %s is told with file and line, not priced as 0", async (_what, text, message) => {
    program(text);
    const { code, stdout } = await cost(["--cwd", project.dir, "--stack", "test", "--json"], env);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      error: "CommandFailed",
      details: { reason: expect.stringMatching(message) },
    });
  });
});

describe("a stack of ours", () => {
  let project: RunnerProject;
  beforeAll(() => {
    project = runnerProject();
  });
  afterAll(() => project.remove());

  test("costs before it is there what it costs when it is, as up and status say too", async () => {
    const before = await project.json<Record<string, any>>(["cost"]);
    expect(before).toMatchObject({ previousMonthly: 0, unpriced: [], subject: "stack dev" });
    const up = await project.json<Record<string, any>>(["up", "--yes"]);
    const after = await project.json<Record<string, any>>(["cost"]);
    const status = await project.json<Record<string, any>>(["status"]);
    expect(after).toMatchObject({ monthly: before.monthly, diffMonthly: 0 });
    expect([up.cost.monthly, status.cost.monthly]).toEqual([before.monthly, before.monthly]);
    expect(before.monthly).toBeCloseTo(4.41 * 730 + 1, 2);
  });
});

describe("input that is wrong", () => {
  const plan = () => written("any.json", planDocument(BALANCED_DROPLETS));
  const refused = async (...args: string[]) => {
    const { code, stdout } = await cost([...args, "--json"]);
    return [code, JSON.parse(stdout).details.reason];
  };
  const prices = (from: string, to: string) => {
    const catalog = readFileSync(join(ROOT, "catalog", "digitalocean", "prices.yaml"), "utf8");
    const text = catalog.replace(from, to);
    return { file: written("prices.yaml", text), line: text.split("\n").findIndex((line) => line.includes(to)) + 1 };
  };

  test("a price that is missing, negative or has a currency mark: file and line, exit code 2", async () => {
    for (const [to, message] of [
      ["volume-gib: { usd: -0.1", "is -0.1; it must be 0 or more"],
      ["volume-gib: { per_gib: 0.1", "is missing"],
      ['volume-gib: { usd: "$0.10"', "without currency marks"],
    ] as const) {
      const { file, line } = prices("volume-gib: { usd: 0.1", to);
      const [code, reason] = await refused("--plan", plan(), "--prices", file);
      expect([code, reason]).toEqual([
        2,
        expect.stringContaining(`${file}:${line}: items.volume-gib.usd ${message.startsWith("is") ? message : "is"}`),
      ]);
      expect(reason).toContain(message);
    }
  });
  test("a state of another version, no state, no plan, no project, two sources at once", async () => {
    const old = written("old.json", JSON.stringify({ version: 2, deployment: { resources: [] } }));
    expect(await refused("--state", old)).toEqual([2, `${old} is a state of version 2, not 3`]);
    expect(await refused("--state", plan())).toEqual([2, expect.stringContaining("is no state of a stack")]);
    expect(await refused("--plan", old)).toEqual([2, expect.stringContaining("is no plan")]);
    expect(await refused("--plan", join(folder, "none.json"))).toEqual([2, expect.stringContaining("there is none")]);
    expect(await refused("--plan", written("text.txt", "Previewing update"))).toEqual([
      2,
      expect.stringContaining("is no JSON"),
    ]);
    expect(await refused("--cwd", folder)).toEqual([2, expect.stringContaining("no Pulumi.yaml in")]);
    expect(await refused("--plan", plan(), "--state", old)).toEqual([
      2,
      expect.stringContaining("cannot be used with"),
    ]);
  });
  test("a plan of a preview that failed is not priced", async () => {
    const failed = JSON.stringify({
      steps: [],
      diagnostics: [{ severity: "error", message: "error: digitalocean:index/droplet: bad size" }],
    });
    expect(await refused("--plan", written("failed.json", failed))).toEqual([1, expect.stringContaining("bad size")]);
  });
  test("a state with nothing in it says so", async () => {
    const empty = written("empty.json", JSON.stringify({ version: 3, deployment: {} }));
    expect((await cost(["--state", empty])).stdout).toContain("0 resources: there is nothing to price");
  });
});

test("what is said to have been spent is what the local cloud bills, whatever the months", () => {
  const start = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 0, 1) });
  const slug = fc.constantFrom("s-1vcpu-1gb", "gpu-h100x1-80gb");
  const length = fc.integer({ min: 0, max: 80 * 86_400_000 });
  fc.assert(
    fc.property(
      slug,
      fc.double({ min: 0.005, max: 30, noNaN: true }),
      start,
      length,
      (size, hourly, since, milliseconds) => {
        const until = since + milliseconds;
        const meter = {
          kind: "droplet" as const,
          hourly,
          capHours: size.startsWith("gpu-") ? undefined : 672,
          since,
          until,
        };
        expect(accruedUsd(dropletRate(size, hourly), since, until)).toBeCloseTo(amountUntil(meter as never, until), 6);
      },
    ),
    { numRuns: 500 },
  );
});
