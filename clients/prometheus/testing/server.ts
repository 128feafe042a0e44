import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A real Prometheus that scrapes one target every second. */
export interface TestPrometheus {
  url: string;
  close(): Promise<void>;
}

/**
 * Where Prometheus is: on PATH, else Debian's package unpacked into the user's cache folder, fetched once. Undefined where there is neither.
 */
export function findPrometheus(): string | undefined {
  const onPath = (process.env.PATH ?? "").split(":").map((folder) => join(folder, "prometheus"));
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "windlass", "prometheus");
  const cached = join(cache, "usr/bin/prometheus");
  const found = [...onPath, cached].find((file) => existsSync(file));
  if (found) return found;
  const scratch = mkdtempSync(join(tmpdir(), "windlass-prometheus-"));
  try {
    execFileSync("apt-get", ["download", "prometheus"], { cwd: scratch, stdio: "ignore", timeout: 120_000 });
    execFileSync("sh", ["-c", "dpkg -x prometheus_*.deb unpacked"], { cwd: scratch, stdio: "ignore" });
    mkdirSync(join(cache, ".."), { recursive: true });
    renameOrCopy(join(scratch, "unpacked"), cache);
    return cached;
  } catch {
    return undefined;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function renameOrCopy(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    execFileSync("cp", ["-r", from, to]);
  }
}

/** Starts it with that target, given as host:port. */
export async function startPrometheus(program: string, target: string, instance: string): Promise<TestPrometheus> {
  const folder = mkdtempSync(join(tmpdir(), "windlass-prometheus-"));
  const relabel = `    relabel_configs: [{target_label: instance, replacement: "${instance}"}]`;
  const jobs = `scrape_configs:\n  - job_name: dcgm\n    scrape_interval: 1s\n    scrape_timeout: 1s\n    static_configs: [{targets: ["${target}"]}]\n${relabel}\n`;
  writeFileSync(join(folder, "prometheus.yml"), jobs);
  const child = spawn(
    program,
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      "--web.listen-address=127.0.0.1:0",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = new Promise<void>((done) => child.on("close", () => done()));
  const close = async () => {
    child.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line);
    const address = /Listening on.* address=(\S+)/.exec(line)?.[1];
    if (!address || address.endsWith(":0")) continue;
    child.stderr.resume();
    return { url: `http://${address}`, close };
  }
  await close();
  throw new Error(`Prometheus ended: ${said.slice(-3).join("\n")}`);
}
