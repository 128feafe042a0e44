import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { api, fault, objects } from "./harness.ts";
import { type RunnerProject, runnerProject } from "./runner-project.ts";

let project: RunnerProject;
beforeAll(async () => {
  project = runnerProject();
  await project.json(["local", "start"]);
});
afterEach(async () => {
  project.configure({});
  await project.json(["local", "fault", "--clear"]);
});
afterAll(() => project.remove());

/** The error that `up` ends with; nothing may have been made. */
async function refusal(code = 1, ...args: string[]): Promise<Record<string, any>> {
  const error = await project.json(["up", "--yes", ...args], code);
  const { droplets, vpcs } = await objects(project.cloud());
  expect(droplets).toEqual([]);
  expect(vpcs?.filter((vpc) => !vpc.default)).toEqual([]);
  return error;
}

describe("before anything is made", () => {
  test("every mistake in the config comes at once, with its line", async () => {
    project.configure({
      gpuSize: "g-8vcpu-64gb-intel-h100x1",
      volumeSizeGiB: 0,
      sshAllowedAddresses: ["0.0.0.0/0"],
      colour: "blue",
    });
    const { error, details } = await refusal();
    expect(error).toBe("ConfigInvalid");
    expect(details.problems.map(({ key }: { key: string }) => key).sort()).toEqual([
      "colour",
      "gpuSize",
      "sshAllowedAddresses",
      "volumeSizeGiB",
    ]);
    expect(details.reason).toMatch(/Pulumi\.dev\.yaml:\d+: windlass:gpuSize: .*gpu-h100x1-80gb/);
  });

  test("a size that the region does not have: the regions that have it", async () => {
    project.configure({ gpuRegion: "sgp1" });
    const { error, details } = await refusal();
    expect(error).toBe("ProvisionFailed");
    expect(details).toMatchObject({ resource: "droplet", size: "gpu-h100x1-80gb", region: "sgp1" });
    expect(details.suggestion).toContain("tor1");
  });

  test("a set-up of nodes that have no machine: said at once, not after a wait for ssh", async () => {
    project.configure({ bootstrap: true });
    const { error, details } = await refusal();
    expect(error).toBe("PrecheckFailed");
    expect(details).toMatchObject({ check: "machines", suggestion: expect.stringContaining("--backend docker") });
  });

  test("an image that does not exist, a repository and data that are not there: all in one answer", async () => {
    project.configure({ image: "gpu-h100x1-bass", repositoryUrl: "./nowhere", dataSource: "./nothing" });
    const { error, details } = await refusal();
    expect(error).toBe("PrecheckFailed");
    expect(details.checks.map(({ check }: { check: string }) => check)).toEqual(["image", "repository", "data"]);
  });

  test("a budget: exit code 3; preview shows it as a violation", async () => {
    project.configure({ maxMonthlySpendUsd: 1000 });
    const { error, details } = await refusal(3);
    expect(error).toBe("BudgetExceeded");
    expect(details.limit_usd).toBe(1000);
    expect(details.violations).toMatchObject([{ policy: "monthly-budget", resource: "dev", severity: "high" }]);
    expect(details.estimated_monthly_usd).toBeGreaterThan(2000);
    const plan = await project.json(["preview"], 3);
    expect(plan.policy.violations).toMatchObject([{ policy: "monthly-budget", resource: "dev" }]);
  });

  test("an ssh key that others can read, and one that another stack uses", async () => {
    mkdirSync(join(project.home, "keys"), { recursive: true });
    const key = join(project.home, "keys", "dev");
    await project.json(["preview"]);
    chmodSync(key, 0o644);
    expect((await refusal()).details).toMatchObject({ check: "ssh key", suggestion: `run: chmod 600 ${key}` });
    chmodSync(key, 0o600);
    project.configure({ sshKeyFile: key }, "prod");
    const { error, details } = await refusal();
    expect(error).toBe("PrecheckFailed");
    expect(details.reason).toContain("prod");
    project.configure({ sshKeyFile: "/nowhere/key" }, "prod");
  });

  test("a volume that hangs on somebody else's droplet", async () => {
    const cloud = project.cloud();
    const size = { region: "tor1", size: "s-1vcpu-1gb", image: "debian-12-x64" };
    const { droplet } = await api(cloud, "POST", "/v2/droplets", { name: "theirs", ...size });
    const body = { name: "finance-smollm3-data", region: "tor1", size_gigabytes: 10 };
    const { volume } = await api(cloud, "POST", "/v2/volumes", body);
    const attach = { type: "attach", droplet_id: droplet.id, region: "tor1" };
    await api(cloud, "POST", `/v2/volumes/${volume.id}/actions`, attach);
    const { error, details } = await project.json(["up", "--yes"], 1);
    expect(error).toBe("VolumeAttachFailed");
    expect(details).toMatchObject({ volume_id: volume.id, droplet_id: droplet.id });
    expect(details.reason).toBe(`Volume already attached to droplet ${droplet.id} (theirs)`);
    await api(cloud, "DELETE", `/v2/droplets/${droplet.id}`);
    project.configure({ volumeSizeGiB: 5 });
    expect((await refusal()).details.reason).toContain("volumes cannot shrink");
    await api(cloud, "DELETE", `/v2/volumes/${volume.id}`);
  });

  test("a token that is not accepted, and a cloud that cannot be reached", async () => {
    await fault(project.cloud(), { kind: "status", status: 401, path: "^/v2/account$", times: 0 });
    expect((await refusal()).details.reason).toBe("the token is not accepted");
    project.configure({ sshKeyFile: join(project.home, "keys", "dev") });
    const digitalocean = ["up", "--yes", "--cloud", "digitalocean"];
    const { details } = await project.json(digitalocean, 1);
    expect(details.reason).toContain("no DigitalOcean token");
  });
});

describe("on the command line", () => {
  test.each([
    [["upp"], "Did you mean up?"],
    [["up", "--stak", "dev"], "Did you mean --stack?"],
    [["up", "--cloud", "aws"], "local, digitalocean"],
    [["status", "--stack", "nope"], "Pulumi.nope.yaml"],
    [["status", "--stack", "a/b"], "not a stack name"],
    [["node", "ssh"], "needs a terminal"],
    [["local", "start", "--port", "many"], "not a number"],
  ])("windlass %j is wrong usage: exit code 2", async (args, text) => {
    const { code, stderr } = await project.windlass(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(text);
    const json = await project.windlass(...args, "--json");
    expect(JSON.parse(json.stdout)).toHaveProperty("error");
  });

  test("a node that is not there", async () => {
    expect((await project.json(["health"], 1)).error).toBe("NotFound");
    expect((await project.json(["node", "exec", "true"], 1)).details.suggestion).toContain("windlass up");
  });

  test("a .env file goes in, the token encrypted, and comes out again", async () => {
    const text = "DO_API_TOKEN=dop_v1_0123456789\nDO_VOLUME_SIZE_GB=20\nMAX_MONTHLY_SPEND_USD=5000\n";
    writeFileSync(join(project.root, ".env"), text);
    const shown = await project.json(["config", "import", join(project.root, ".env")]);
    expect(shown.config).toMatchObject({ volumeSizeGiB: 20, maxMonthlySpendUsd: 5000 });
    expect(JSON.stringify(shown)).not.toContain("0123456789");
    const without = (await project.windlass("config", "export")).stdout;
    expect(without).not.toContain("DO_API_TOKEN");
    const back = (await project.windlass("config", "export", "--show-secrets")).stdout;
    for (const line of text.trim().split("\n")) expect(back).toContain(line);
  });
});
