import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import autocannon from "autocannon";
import type { Benchmark, Measurement } from "./measure.ts";

const DROPLETS = 1000;
const SECONDS_OF_LOAD = 5;
const MAIN = join(import.meta.dirname, "../local/cloud/main.ts");
const FLAGS = ["--backend", "none", "--action-scale", "0", "--no-rate-limit", "--droplet-limit", "100000"];

type Headers = Record<string, string>;

/** How quick and how small the local cloud is without machines: a process of its own, the load from this one, on the same cores. */
const run: Benchmark = async (progress) => {
  const folder = mkdtempSync(join(tmpdir(), "windlass-bench-"));
  const started = performance.now();
  const child = spawn(process.execPath, [MAIN, "--data", folder, ...FLAGS], { stdio: ["ignore", "pipe", "ignore"] });
  try {
    const { url, token } = await ready(child);
    const startSeconds = (performance.now() - started) / 1000;
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    progress(`creating ${DROPLETS} droplets`);
    const createSeconds = await createDroplets(url, headers);
    const figures: Measurement[] = [
      { what: "local cloud: start of the process", value: startSeconds, unit: "s" },
      {
        what: `local cloud: ${DROPLETS} droplets created through the API, active`,
        value: createSeconds,
        unit: "s",
        target: { atMost: 10 },
      },
    ];
    const id = await firstDroplet(url, headers);
    for (const connections of [1, 10, 50]) {
      progress(`${SECONDS_OF_LOAD} s of GET /v2/droplets/{id}, ${connections} connections`);
      const value = await load(`${url}/v2/droplets/${id}`, headers, connections);
      const what = `local cloud: GET /v2/droplets/{id}, ${connections} connections`;
      figures.push({ what, value, unit: "/s", target: { atLeast: 5000 } });
    }
    const fresh = await load(`${url}/v2/droplets/${id}?n=[<id>]`, headers, 10);
    const target = { atLeast: 5000 };
    figures.push({ what: "local cloud: the same, each answer made afresh", value: fresh, unit: "/s", target });
    const rss = residentMiB(child.pid as number);
    figures.push({
      what: "local cloud: resident memory after all that",
      value: rss,
      unit: "MiB",
      target: { atMost: 200 },
    });
    return figures;
  } finally {
    child.kill("SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  }
};

export default run;

async function ready(child: ChildProcessByStdio<null, Readable, null>): Promise<{ url: string; token: string }> {
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line);
  throw new Error("the local cloud did not start");
}

/** Ten at a time, one droplet each, as many clients would; until the last one is active. */
async function createDroplets(url: string, headers: Headers): Promise<number> {
  const before = performance.now();
  let next = 0;
  let last = 0;
  const client = async () => {
    while (next++ < DROPLETS) {
      const body = JSON.stringify({
        name: "bench",
        region: "nyc3",
        size: "s-1vcpu-1gb",
        image: "debian-12-x64",
        tags: ["bench"],
      });
      const answer = await fetch(`${url}/v2/droplets`, { method: "POST", headers, body });
      if (answer.status !== 202) throw new Error(`create answered ${answer.status}: ${await answer.text()}`);
      last = Math.max(last, ((await answer.json()) as { droplet: { id: number } }).droplet.id);
    }
  };
  await Promise.all(Array.from({ length: 10 }, client));
  const answer = await fetch(`${url}/v2/droplets/${last}`, { headers });
  const { droplet } = (await answer.json()) as { droplet: { status: string } };
  if (droplet.status !== "active") throw new Error(`droplet ${last} is ${droplet.status}`);
  return (performance.now() - before) / 1000;
}

async function firstDroplet(url: string, headers: Headers): Promise<number> {
  const { droplets } = (await (await fetch(`${url}/v2/droplets`, { headers })).json()) as {
    droplets: [{ id: number }];
  };
  return droplets[0].id;
}

async function load(url: string, headers: Headers, connections: number): Promise<number> {
  const result = await autocannon({ url, headers, connections, duration: SECONDS_OF_LOAD, idReplacement: true });
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${result.non2xx} refusals, ${result.errors} errors`);
  return result.requests.average;
}

/** NaN where the system has no /proc. */
function residentMiB(pid: number): number {
  try {
    const [, kibibytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kibibytes) / 1024;
  } catch {
    return Number.NaN;
  }
}
