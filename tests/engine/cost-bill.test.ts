import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { catalogPrices } from "../../catalog/digitalocean/prices.ts";
import { estimate } from "../../domain/cost/estimate.ts";
import type { Resource } from "../../domain/cost/inputs.ts";
import { HOURS_PER_MONTH } from "../../domain/units.ts";
import { type Cloud, startCloud } from "../../local/cloud/server.ts";
import { api } from "./harness.ts";

const dataDir = mkdtempSync(join(tmpdir(), "windlass-bill-"));
let cloud: Cloud;
beforeAll(async () => {
  const clock = { mode: "driven" as const, now: "2026-03-01T00:00:00Z" };
  cloud = await startCloud({ dataDir, backend: "none", actionScale: 0, rateLimit: false, clock });
});
afterAll(async () => {
  await cloud.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const SIZES = ["s-1vcpu-1gb", "s-2vcpu-4gb", "g-2vcpu-8gb", "gpu-h100x1-80gb", "gpu-4000adax1-20gb"];
/** Where all of the sizes are. */
const REGION = "tor1";

interface RandomStack {
  droplets: string[];
  volumes: number[];
  addresses: number;
}

function resourcesOf({ droplets, volumes, addresses }: RandomStack): Resource[] {
  return [
    ...droplets.map((size, n) => ({ type: "digitalocean:index/droplet:Droplet", name: `d-${n}`, inputs: { size } })),
    ...volumes.map((size, n) => ({ type: "digitalocean:index/volume:Volume", name: `v-${n}`, inputs: { size } })),
    ...Array.from({ length: addresses }, (_, n) => ({
      type: "digitalocean:index/reservedIp:ReservedIp",
      name: `ip-${n}`,
      inputs: { region: REGION },
    })),
  ];
}

/** What the cloud bills for a month of 730 hours, all of it in one calendar month. */
async function billOf({ droplets, volumes, addresses }: RandomStack): Promise<number> {
  await api(cloud, "POST", "/_windlass/reset");
  for (const [n, size] of droplets.entries()) {
    await api(cloud, "POST", "/v2/droplets", { name: `d-${n}`, size, region: REGION, image: "debian-12-x64" });
  }
  for (const [n, size_gigabytes] of volumes.entries()) {
    await api(cloud, "POST", "/v2/volumes", { name: `v-${n}`, size_gigabytes, region: REGION });
  }
  for (let n = 0; n < addresses; n++) await api(cloud, "POST", "/v2/reserved_ips", { region: REGION });
  await api(cloud, "POST", "/_windlass/clock/advance", { seconds: HOURS_PER_MONTH * 3600 });
  return (await api(cloud, "GET", "/_windlass/bill")).total;
}

test("an estimate is what a month of it is billed, within 0.1 %, for any stack", async () => {
  const stack = fc.record({
    droplets: fc.array(fc.constantFrom(...SIZES), { maxLength: 3 }),
    volumes: fc.array(fc.integer({ min: 1, max: 4000 }), { maxLength: 3 }),
    addresses: fc.integer({ min: 0, max: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(stack, async (random) => {
      const { monthly, unpriced } = estimate([], resourcesOf(random), catalogPrices());
      const billed = await billOf(random);
      expect(unpriced).toEqual([]);
      expect(Math.abs(monthly - billed)).toBeLessThanOrEqual(Math.max(0.01, billed * 0.001));
    }),
    { numRuns: 200 },
  );
});
