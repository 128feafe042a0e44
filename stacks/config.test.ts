import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { UserError } from "../domain/errors.ts";
import { loadConfig } from "./config.ts";

const context = { stack: "dev", home: ".windlass" };
const least = { sshAllowedAddresses: '["127.0.0.1/32"]' };

function refusal(values: Record<string, string>, text?: string): UserError {
  try {
    loadConfig(values, text === undefined ? undefined : { file: "Pulumi.dev.yaml", text }, context);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("was accepted");
}

test("one address is enough: the rest has defaults", () => {
  expect(loadConfig(least, undefined, context)).toMatchObject({
    cloud: "local",
    project: "finance-smollm3",
    region: "tor1",
    gpuRegion: "tor1",
    gpuSize: "gpu-h100x1-80gb",
    image: "gpu-h100x1-base",
    nodeName: "finance-smollm3-gpu-train-001",
    volumeName: "finance-smollm3-data",
    volumeSizeGiB: 500,
    mountPoint: "/mnt/finance-smollm3",
    sshAllowedAddresses: ["127.0.0.1/32"],
    sshKeyFile: ".windlass/keys/dev",
    repositoryRef: "HEAD",
    repositoryPath: "/opt/finance-smollm3",
    dataTarget: "/mnt/finance-smollm3/data",
    bootstrap: true,
    snapshotOnStop: true,
    createTimeoutMinutes: 5,
    generation: 1,
    tags: [],
  });
});

test("the folder of a cloned repository is named like it", () => {
  const url = "https://github.com/tbwa-smp/smol-train.git";
  expect(loadConfig({ ...least, repositoryUrl: url }, undefined, context).repositoryPath).toBe("/opt/smol-train");
});

test("all problems come at once, each with file, line, what was given, what is allowed and what to do", () => {
  const text = [
    "config:",
    "  windlass:regoin: tor1",
    "  windlass:gpuSize: g-8vcpu-64gb-intel-h100x1",
    "  windlass:volumeSizeGiB: 20000",
    "  windlass:sshAllowedAddresses:",
    "    - 203.0.113.7/32",
    "    - 0.0.0.0/0",
    "",
  ].join("\n");
  const error = refusal(
    {
      regoin: "tor1",
      gpuSize: "g-8vcpu-64gb-intel-h100x1",
      volumeSizeGiB: "20000",
      sshAllowedAddresses: '["203.0.113.7/32","0.0.0.0/0"]',
    },
    text,
  );
  expect(error.code).toBe("ConfigInvalid");
  expect(error.details.reason.split("\n")).toEqual([
    "4 problems in the config of stack dev:",
    '  Pulumi.dev.yaml:2: windlass:regoin: got "tor1", unknown key; did you mean windlass:region?',
    '  Pulumi.dev.yaml:3: windlass:gpuSize: got "g-8vcpu-64gb-intel-h100x1", is no size of DigitalOcean (g- sizes have no GPU); write gpu-h100x1-80gb',
    '  Pulumi.dev.yaml:4: windlass:volumeSizeGiB: got "20000", must be a whole number from 1 to 16384 (GiB); change it',
    '  Pulumi.dev.yaml:7: windlass:sshAllowedAddresses: got "0.0.0.0/0", opens ssh to the whole world or to large parts of it, which is refused; list the networks of your office, home or VPN, for example 203.0.113.7/32',
  ]);
  expect(error.details.problems).toHaveLength(4);
});

test.each([
  ["0.0.0.0/0", "whole world"],
  ["::/0", "whole world"],
  ["0.0.0.0/1", "whole world"],
  ["203.0.113.7", "write 203.0.113.7/32"],
  ["2001:db8::1", "write 2001:db8::1/128"],
  ["203.0.113.7/24", "write 203.0.113.0/24"],
  ["300.1.1.1/32", "CIDR form"],
  ["office", "CIDR form"],
])("ssh from %s is refused", (network, text) => {
  expect(refusal({ sshAllowedAddresses: JSON.stringify([network]) }).message).toContain(text);
});

test("ssh addresses have no default", () => {
  expect(refusal({}).message).toContain("windlass:sshAllowedAddresses: required");
  expect(refusal({ sshAllowedAddresses: "[]" }).message).toContain("at least one network");
});

test("a comma separated list is a list, as `pulumi config set` writes it", () => {
  const config = loadConfig({ sshAllowedAddresses: "203.0.113.7/32, 2001:db8::/32" }, undefined, context);
  expect(config.sshAllowedAddresses).toEqual(["203.0.113.7/32", "2001:db8::/32"]);
});

test.each(["[50,80.5]", '["50","80.5"]', "50, 80.5"])("budgetThresholds may be written %s", (budgetThresholds) => {
  const config = loadConfig({ ...least, maxAccountSpendUsd: "9.5", budgetThresholds }, undefined, context);
  expect(config).toMatchObject({ maxAccountSpendUsd: 9.5, budgetThresholds: [50, 80.5], budgetAction: "refuse" });
});

test("an own key is required on digitalocean", () => {
  expect(refusal({ ...least, cloud: "digitalocean" }).message).toContain("windlass:sshKeyFile: required");
});

test.each([
  [{ volumeSizeGiB: "0" }, "from 1 to 16384"],
  [{ volumeSizeGiB: "1.5" }, "whole number"],
  [{ volumeSizeGiB: "lots" }, "whole number"],
  [{ gpuSize: "s-1vcpu-1gb" }, "gpu-h100x1-80gb"],
  [{ gpuSize: "gpu-mi300x1-192gb" }, "AMD"],
  [{ tags: '["a b"]' }, "is no tag"],
  [{ mountPoint: "/" }, "absolute path"],
  [{ mountPoint: "/mnt/a; rm -rf /" }, "absolute path"],
  [{ vpcIpRange: "8.8.8.0/24" }, "private IPv4 range"],
  [{ vpcIpRange: "10.0.0.0/8" }, "/16 to /28"],
  [{ vpcIpRange: "10.0.0.0/20", vpcId: "abc" }, "remove one of the two"],
  [{ trainingCommand: "python3 train.py" }, "repositoryUrl is not set"],
  [{ dataTarget: "/mnt/x/y" }, "dataSource is not set"],
  [{ snapshotOnStop: "yes" }, "true or false"],
  [{ autoShutdownHours: "-1" }, "or off"],
  [{ autoShutdownHours: "0.5", sampleSeconds: "1800" }, "shorter than three samples"],
  [{ expireStoppedDays: "never" }, "or off"],
  [{ maxLifetimeHours: "0" }, "or off"],
  [{ idleGpuPercent: "101" }, "from 0 to 100"],
  [{ stopStrategy: "fast" }, "auto, snapshot or golden"],
  [{ keepPaths: '["home"]' }, "absolute path"],
  [{ fallbackSizes: '["c-8-intel"]' }, "windlass:fallbackSizes"],
  [{ smtpUrl: "smtp://localhost" }, "set windlass:emailTo"],
  [{ emailTo: '["nobody"]' }, "no e-mail address"],
  [{ backupBucket: "finance" }, "needs windlass:backupEndpoint"],
  [{ snapshotCopyRegions: '["Toronto"]' }, "no region slug"],
  [{ maxMonthlySpendUsd: "$500" }, "must be a number from 0.01 to 1000000 (US dollars)"],
  [{ maxMonthlySpendUsd: "0" }, "must be a number from 0.01"],
  [{ maxAccountSpendUsd: "500 USD" }, "windlass:maxAccountSpendUsd"],
  [{ maxAccountSpendUsd: "1e3" }, "must be a number"],
  [{ maxAccountSpendUsd: "" }, "must be a number"],
  [{ maxMonthlySpendUsd: "9", budgetThresholds: "50 %, 80 %" }, "a list of numbers from 1 to 1000 (percent)"],
  [{ maxMonthlySpendUsd: "9", budgetThresholds: "[]" }, "a list of numbers"],
  [{ maxMonthlySpendUsd: "9", budgetThresholds: "" }, "a list of numbers"],
  [{ maxMonthlySpendUsd: "9", budgetThresholds: "[50,0]" }, 'got "0", 0 is no number from 1 to 1000'],
  [{ maxMonthlySpendUsd: "9", budgetAction: "stop" }, "alert, refuse, stop-idle or stop-all"],
  [{ budgetAction: "refuse" }, "there is no limit"],
  [{ budgetThresholds: "[50]" }, "there is no limit"],
  [{ cloud: "aws" }, "local or digitalocean"],
  [{ repositoryRef: "--upload-pack=evil" }, "branch, tag or commit"],
] as [Record<string, string>, string][])("%o is refused", (values, text) => {
  expect(refusal({ ...least, ...values }).message).toContain(text);
});

test("every key is documented, with a default where it has one", () => {
  const source = readFileSync(new URL("config.ts", import.meta.url), "utf8");
  const body = /export interface StackConfig \{([\s\S]*?)\n\}/.exec(source)?.[1] ?? "";
  const members = body.split("\n").filter((line) => /^ {2}\w+\??:/.test(line));
  for (const member of members) {
    const name = /(\w+)(\??):/.exec(member);
    const doc = body.slice(0, body.indexOf(member)).trimEnd();
    expect(doc.endsWith("*/"), `${name?.[1]} has no doc comment`).toBe(true);
    if (!name?.[2] && name?.[1] !== "sshAllowedAddresses")
      expect(doc.slice(doc.lastIndexOf("/**")), `${name?.[1]}`).toContain("@default");
  }
  expect(members.length).toBeGreaterThan(30);
});

test("a timer can be off, and a secret is not shown in what is wrong with it", () => {
  expect(loadConfig({ ...least, autoShutdownHours: "off" }, undefined, context).autoShutdownHours).toBe("off");
  const { message } = refusal({ ...least, slackWebhookUrl: "hooks.example.com/secret" });
  expect(message).toContain("windlass:slackWebhookUrl");
  expect(message).not.toContain("secret");
});
