import { text } from "node:stream/consumers";
import { judgeIdleness } from "../../domain/idleness.ts";
import { connectionPool, type PooledNode } from "../../runner/watch/connection-pool.ts";
import { pollNodes } from "../../runner/watch/samples.ts";

/**
 * A process of its own that polls the nodes on its standard input and judges each, as often as it is told. Prints a line of figures for each pass:
 * wall and processor seconds, the highest resident memory so far, and how many nodes were idle, active and without an answer.
 */
const HOUR = 3_600_000;
const { privateKey, nodes } = JSON.parse(await text(process.stdin)) as { privateKey: string; nodes: PooledNode[] };
const keyed = nodes.map((node) => ({ ...node, privateKey }));
const pool = connectionPool();
const begin = Date.now();
for (let pass = 0; pass < Number(process.argv[2]); pass++) {
  const now = begin + pass * 60_000;
  const started = performance.now();
  const processor = process.cpuUsage();
  const found = { idle: 0, active: 0, failed: 0 };
  for await (const result of pollNodes(keyed, { windowMs: 24 * HOUR, now, pool })) {
    if ("failure" in result) found.failed += 1;
    else {
      const rule = { now, windowMs: 24 * HOUR, stepMs: 60_000, percent: 5 };
      found[judgeIdleness(result.samples, rule).idle ? "idle" : "active"] += 1;
    }
  }
  const { user, system } = process.cpuUsage(processor);
  const figures = {
    seconds: (performance.now() - started) / 1000,
    processorSeconds: (user + system) / 1e6,
    peakMiB: process.resourceUsage().maxRSS / 1024,
    ...found,
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}
await pool.close();
