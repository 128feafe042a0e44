import { performance } from "node:perf_hooks";
import { localCloudControl, type ProgressEvent, up } from "../runner/index.ts";
import { EXAMPLE_WORK, testStack } from "../tests/stack.ts";
import type { Measurement } from "./measure.ts";

interface Span {
  from: number;
  to: number;
}

/**
 * The main job on machines, warm: what the runner and the engine add to what the cloud and the node take. A moment counts as the cloud's
 * or the node's when any resource was being made in it.
 */
export default async function upBenchmark(progress: (line: string) => void): Promise<Measurement[]> {
  const stack = await testStack({
    backend: "docker",
    actionScale: 0.02,
    config: { ...EXAMPLE_WORK, vpcIpRange: "10.79.0.0/20", createTimeoutMinutes: 5 },
  });
  try {
    const started = new Map<string, number>();
    const spans: (Span & { name: string })[] = [];
    const onEvent = (event: ProgressEvent) => {
      if (event.kind !== "resource") return;
      const now = performance.now() / 1000;
      if (event.state === "started") started.set(event.urn, now);
      else spans.push({ name: event.name, from: started.get(event.urn) ?? now, to: now });
    };
    progress("up of the whole node: volume, network, droplet, bootstrap, repository, data, job, first checkpoint");
    const begin = performance.now();
    await up({ ...stack.options, onEvent });
    const total = (performance.now() - begin) / 1000;
    const waits = covered(spans);
    progress("again");
    const again = performance.now();
    await up(stack.options);
    const second = (performance.now() - again) / 1000;
    const { droplets = [] } = await localCloudControl<Record<string, unknown[]>>(
      { home: stack.home },
      "GET",
      "objects",
    );
    const droplet = spans.find(({ name }) => name === "node");
    return [
      { what: "up of a node, all in all", value: total, unit: "s" },
      { what: "of that, while the cloud or the node was at work", value: waits, unit: "s" },
      { what: "runner and engine", value: total - waits, unit: "s", target: { atMost: 6 } },
      { what: "the droplet alone", value: droplet ? droplet.to - droplet.from : Number.NaN, unit: "s" },
      {
        what: "up again, nothing to change, with the whole bootstrap",
        value: second,
        unit: "s",
        target: { atMost: 4 },
      },
      { what: "droplets after two ups", value: droplets.length, unit: "count" },
    ];
  } finally {
    await stack.remove();
  }
}

/** Seconds within at least one of the spans. */
function covered(spans: readonly Span[]): number {
  let end = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    sum += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return sum;
}
