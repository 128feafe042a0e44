import { simulateMonth } from "../domain/simulation/month.ts";
import type { Measurement } from "./measure.ts";

/** A month of 1,000 nodes, minute by minute, on one core. */
export default async function simulate(progress: (line: string) => void): Promise<Measurement[]> {
  const rule = { idleHours: 24, noticeMinutes: 15, passMinutes: 5, idlePercent: 5, hourlyUsd: 4.41 } as const;
  const fleet = { nodes: 1000, hours: 730, seed: 1 };
  progress("a month of 1,000 nodes");
  const start = performance.now();
  const { total } = simulateMonth(fleet, { ...rule, strategy: "auto" });
  const seconds = (performance.now() - start) / 1000;
  return [
    { what: "simulated month of 1,000 nodes", value: seconds, unit: "s", target: { atMost: 60 } },
    { what: "node minutes", value: (total.billedHours * 60) / seconds, unit: "/s" },
    { what: "memory of the process", value: process.resourceUsage().maxRSS / 1024, unit: "MiB" },
    { what: "nodes stopped at work", value: total.falseStops, unit: "count" },
  ];
}
