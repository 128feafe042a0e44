import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Benchmark, Measurement } from "./measure.ts";

const NODES = 1000;
const PASSES = 3;
const FOLDER = join(import.meta.dirname, "watch");
/** As `windlass watch` is started. */
const LAUNCHED_WITH = ["--max-semi-space-size=8"];

interface Pass {
  seconds: number;
  processorSeconds: number;
  peakMiB: number;
  idle: number;
  active: number;
  failed: number;
}

/**
 * One pass of the watcher over a thousand nodes: every one asked for a day of readings over ssh, and judged. The ssh servers are a process of their
 * own, on the same cores; so is the watcher, whose memory is measured. The first pass makes the connections, later ones find them open.
 */
const run: Benchmark = async (progress) => {
  progress(`starting ${NODES} ssh servers`);
  const servers = spawn(process.execPath, [join(FOLDER, "servers.ts"), `${NODES}`], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const [nodes] = await lines(servers, 1);
    const watcher = spawn(process.execPath, [...LAUNCHED_WITH, join(FOLDER, "poll.ts"), `${PASSES}`], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    watcher.stdin?.end(nodes);
    progress(`polling them, ${PASSES} passes`);
    const passes = (await lines(watcher, PASSES)).map((line) => JSON.parse(line) as Pass);
    const failed = passes.reduce((sum, pass) => sum + pass.failed, 0);
    if (failed > 0) throw new Error(`${failed} polls failed`);
    return figures(passes);
  } finally {
    servers.stdin?.end();
  }
};

export default run;

function figures(passes: readonly Pass[]): Measurement[] {
  const [first, ...later] = passes as [Pass, ...Pass[]];
  const slowest = Math.max(...later.map(({ seconds }) => seconds));
  const work = Math.max(...later.map(({ processorSeconds }) => processorSeconds));
  const of = `watch: a pass over ${NODES} nodes`;
  return [
    { what: `${of}, connections made in it`, value: first.seconds, unit: "s", target: { atMost: 15 } },
    { what: `${of}, connections open`, value: slowest, unit: "s", target: { atMost: 15 } },
    { what: "watch: processor time of the first", value: first.processorSeconds, unit: "s" },
    { what: "watch: processor time of a later one", value: work, unit: "s" },
    { what: "watch: highest memory in the first", value: first.peakMiB, unit: "MiB", target: { atMost: 300 } },
    { what: "watch: highest memory in all", value: passes.at(-1)?.peakMiB ?? 0, unit: "MiB", target: { atMost: 300 } },
  ];
}

/** That many lines of its output; throws when it ends before. */
async function lines(child: ChildProcess, count: number): Promise<string[]> {
  const found: string[] = [];
  for await (const line of createInterface({ input: child.stdout as Readable })) {
    found.push(line);
    if (found.length === count) return found;
  }
  throw new Error(`ended after ${found.length} of ${count} lines`);
}
