import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { until } from "./backend-fixture.ts";

/** A Docker engine of a test's own beside the machine's: it may be killed, and knows nothing of what others run. */
export interface OwnEngine {
  docker: Docker;
  /** `unix://...` */
  host: string;
  /** Ends its process as a crash would, and waits until it is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same data. */
  start(): Promise<void>;
  /** Brings images there that the machine's engine has. */
  load(...images: string[]): Promise<void>;
  /** Ends it and removes its data. */
  remove(): Promise<void>;
}

/**
 * Its bridges, firewall and mounts are in namespaces of its own: two engines in one would take docker0 from each other, and mounts of one
 * that was killed would stay. So its ports are not reached from here.
 * @param flags of dockerd, beside those that name its folders
 */
export async function ownEngine(...flags: string[]): Promise<OwnEngine> {
  // Sockets of containerd lie in it, and their paths may have 108 bytes.
  const folder = mkdtempSync(join(tmpdir(), "engine-"));
  const host = `unix://${join(folder, "docker.sock")}`;
  const docker = new Docker({ socketPath: join(folder, "docker.sock") });
  const log = join(folder, "log");
  // Engines side by side do not know of each other's networks.
  const base = `10.${randomInt(208, 224)}.${randomInt(16) * 16}.0/20`;
  let daemon: ChildProcess | undefined;

  async function start(): Promise<void> {
    mkdirSync(join(folder, "exec"), { recursive: true });
    // Where nobody has collected a dead process yet, a file with its number makes the next one wait for it.
    for (const file of ["pid", "exec/containerd/containerd.pid"]) rmSync(join(folder, file), { force: true });
    const paths = ["--data-root", join(folder, "data"), "--exec-root", join(folder, "exec"), "--host", host];
    const apart = ["--iptables=false", "--ip6tables=false", "--ip-forward=false"];
    const pools = ["--default-address-pool", `base=${base},size=26`];
    const words = [...paths, "--pidfile", join(folder, "pid"), ...apart, ...pools, ...flags];
    const out = createWriteStream(log, { flags: "a" });
    const alone = [
      "--net",
      "--mount",
      "--propagation",
      "private",
      "sh",
      "-c",
      'ip link set lo up; exec "$0" "$@"',
      "dockerd",
    ];
    daemon = spawn("unshare", [...alone, ...words], { stdio: ["ignore", "pipe", "pipe"] });
    daemon.stdout?.pipe(out, { end: false });
    daemon.stderr?.pipe(out, { end: false });
    const ended = new Promise<never>((_, fail) =>
      daemon?.once("exit", () => fail(new Error(`the engine has ended:\n${readFileSync(log, "utf8").slice(-2000)}`))),
    );
    ended.catch(() => {});
    await Promise.race([ended, until(async () => (await docker.ping()) as unknown, 120)]);
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const child = daemon;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    await gone;
  }

  async function load(...images: string[]): Promise<void> {
    const words = ["save", ...images];
    const saved = spawn("docker", words, { stdio: ["ignore", "pipe", "inherit"] });
    const stream = await docker.loadImage(saved.stdout);
    await new Promise((done, fail) =>
      docker.modem.followProgress(stream, (error) => (error ? fail(error) : done(undefined))),
    );
  }

  async function remove(): Promise<void> {
    const containers = await docker.listContainers({ all: true }).catch(() => []);
    await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
    for (const { Name, Driver } of await docker.listNetworks().catch(() => []))
      if (Driver === "bridge" && Name !== "bridge")
        await docker
          .getNetwork(Name)
          .remove()
          .catch(() => {});
    await end("SIGTERM");
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  await start();
  return { docker, host, start, load, remove, kill: () => end("SIGKILL") };
}
