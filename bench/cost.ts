import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { catalogPrices } from "../catalog/digitalocean/prices.ts";
import { costTree } from "../domain/cost/compare.ts";
import { estimate } from "../domain/cost/estimate.ts";
import type { Resource } from "../domain/cost/inputs.ts";
import { NO_USAGE } from "../domain/cost/usage.ts";
import { type Measurement, median } from "./measure.ts";

const COUNT = 10_000;
const KINDS: [string, Record<string, unknown>][] = [
  ["droplet", { size: "s-2vcpu-4gb", backups: true }],
  ["droplet", { size: "gpu-h100x1-80gb" }],
  ["volume", { size: 500 }],
  ["loadBalancer", { sizeUnit: 3 }],
  ["kubernetesCluster", { ha: true, nodePool: { size: "s-2vcpu-4gb", nodeCount: 3 } }],
  ["databaseCluster", { engine: "pg", size: "db-s-1vcpu-1gb", nodeCount: 2 }],
  ["spacesBucket", {}],
  ["reservedIp", { region: "nyc3" }],
  ["vpc", {}],
  ["droplet", { size: "s-2vcpu-4g" }],
];

function resources(): Resource[] {
  return Array.from({ length: COUNT }, (_, n) => {
    const [word, inputs] = KINDS[n % KINDS.length] as [string, Record<string, unknown>];
    const type = `digitalocean:index/${word}:${word.charAt(0).toUpperCase()}${word.slice(1)}`;
    return { type, name: `r-${n}`, inputs, custom: true, urn: `urn:pulumi:dev::bench::${type}::r-${n}` };
  });
}

/** Pricing a large plan: the pure function, and the whole command on a plan of as many resources. */
export default async function cost(progress: (line: string) => void): Promise<Measurement[]> {
  const prices = catalogPrices();
  const all = resources();
  progress(`${COUNT} resources`);
  const once = () => {
    const start = performance.now();
    const found = estimate([], all, prices);
    costTree([], all, prices, NO_USAGE);
    if (found.coverage.resources !== COUNT) throw new Error("not all were priced");
    return (performance.now() - start) / 1000;
  };
  once();
  const pure = median(Array.from({ length: 5 }, once));
  progress("the command on a plan");
  const folder = mkdtempSync(join(tmpdir(), "windlass-bench-"));
  try {
    const plan = join(folder, "plan.json");
    const steps = all.map((state) => ({ op: "create", urn: state.urn, newState: state }));
    writeFileSync(plan, JSON.stringify({ steps, changeSummary: { create: COUNT } }));
    const main = join(import.meta.dirname, "..", "runner", "cli", "main.ts");
    const command = () => {
      const start = performance.now();
      execFileSync(process.execPath, [main, "cost", "--plan", plan, "--json"], {
        stdio: ["ignore", "ignore", "ignore"],
        env: { ...process.env, WINDLASS_HOME: folder },
      });
      return (performance.now() - start) / 1000;
    };
    command();
    const whole = median([command(), command(), command()]);
    return [
      { what: `${COUNT} resources priced, with their tree`, value: pure, unit: "s", target: { atMost: 1 } },
      { what: `windlass cost --plan, ${COUNT} resources`, value: whole, unit: "s" },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
