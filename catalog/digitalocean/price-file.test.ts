import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { VOLUME_USD_PER_GIB_MONTH } from "../../domain/cost/node-price.ts";
import { IDLE_RESERVED_IP_USD_PER_MONTH, SNAPSHOT_USD_PER_GIB_MONTH } from "../../domain/cost/storage-price.ts";
import type { UserError } from "../../domain/errors.ts";
import { readPriceFile, readUsageFile } from "./price-file.ts";
import { catalogPrices } from "./prices.ts";

const folder = mkdtempSync(join(tmpdir(), "windlass-prices-"));
afterAll(() => rmSync(folder, { recursive: true }));
const catalog = readFileSync(join(import.meta.dirname, "prices.yaml"), "utf8");

/** Every problem that reading the text tells. */
function problems(text: string, reader: (path: string) => unknown = readPriceFile): string[] {
  const path = join(folder, "file.yaml");
  writeFileSync(path, text);
  try {
    reader(path);
  } catch (error) {
    const { details, exitCode } = error as UserError;
    expect(exitCode).toBe(2);
    return [details.reason, ...((details.also as string[]) ?? [])].map((line) => line.replace(`${folder}/`, ""));
  }
  return [];
}
const lineOf = (text: string, part: string) => text.split("\n").findIndex((line) => line.includes(part)) + 1;

describe("the catalog", () => {
  test("says of each price the day and the source, and agrees with what other code takes for granted", () => {
    const { items, tables, sizes } = catalogPrices();
    const all = [...Object.values(items), ...[...tables.values()].flatMap((table) => [...table.values()])];
    for (const { asOf, source } of all)
      expect([asOf, source]).toEqual([expect.stringMatching(/^2026-/), expect.stringMatching(/\w{4}/)]);
    expect(items["volume-gib"].usd).toBe(VOLUME_USD_PER_GIB_MONTH);
    expect(items["snapshot-gib"].usd).toBe(SNAPSHOT_USD_PER_GIB_MONTH);
    expect(items["idle-reserved-ip"].usd).toBe(IDLE_RESERVED_IP_USD_PER_MONTH);
    expect(sizes.get("s-1vcpu-1gb")).toMatchObject({ priceMonthly: 6, priceHourly: 0.00893, transferTb: 1 });
    expect(sizes.get("gpu-h100x1-80gb")?.asOf).toMatch(/^\d{4}-/);
  });
});

describe("a price file that is wrong", () => {
  const volume = "volume-gib: { usd: 0.1";
  test.each([
    ["negative", `${volume.replace("0.1", "-0.1")}`, "items.volume-gib.usd is -0.1; it must be 0 or more"],
    [
      "with a currency mark",
      `${volume.replace("0.1", '"$0.10"')}`,
      'items.volume-gib.usd is "$0.10"; write a plain number',
    ],
    ["with a unit", `${volume.replace("0.1", "0.1 USD")}`, 'items.volume-gib.usd is "0.1 USD"'],
    ["missing", "volume-gib: { USD: 0.1", "items.volume-gib.usd is missing"],
    ["not a number", `${volume.replace("0.1", ".nan")}`, "items.volume-gib.usd is NaN"],
  ])("a price that is %s is told with its line", (_what, written, message) => {
    const text = catalog.replace(volume, written);
    const [first, ...others] = problems(text);
    expect(first).toContain(`file.yaml:${lineOf(text, "volume-gib")}: ${message}`);
    expect(others).toEqual([]);
  });
  test("all mistakes come at once, misspelt and missing items too", () => {
    const text = catalog
      .replace("doks-high-availability", "doks-high-availabilty")
      .replace("apps-s-1vcpu-1gb: 12", "apps-s-1vcpu-1gb: -12");
    const found = problems(text).join("\n");
    expect(found).toContain(
      "items.doks-high-availabilty is not a price that is asked for; did you mean doks-high-availability?",
    );
    expect(found).toContain("items.doks-high-availability is missing");
    expect(found).toContain(`:${lineOf(text, "1gb: -12")}: tables.app-instances.usd.apps-s-1vcpu-1gb is -12`);
  });
  test("a date that is none, no YAML, no file", () => {
    expect(problems(catalog.replace('as_of: "2026-05-28"', 'as_of: "last May"'))[0]).toContain('"last May"');
    expect(problems("items: [")[0]).toMatch(/^file.yaml:1: /);
    expect(problems("")[0]).toContain("price file must be");
    expect(() => readPriceFile(join(folder, "none.yaml"))).toThrow(
      /price file .*none.yaml cannot be read: there is none/,
    );
  });
});

test("a usage file takes plain numbers by resource and type; the rest is told with its line", () => {
  const path = join(folder, "usage.yaml");
  writeFileSync(path, "outbound_gib: 7\nresources:\n  bucket: { storage_gib: 300 }\n");
  expect(readUsageFile(path)).toEqual({ types: {}, resources: { bucket: { storage_gib: 300 } }, outboundGiB: 7 });
  const wrong = problems("resources:\n  bucket:\n    storage_gib: 300 GiB\nresource: {}\n", readUsageFile);
  expect(wrong[0]).toContain('file.yaml:3: resources.bucket.storage_gib is "300 GiB"');
  expect(wrong[1]).toContain("file.yaml:4: resource is not known");
});
