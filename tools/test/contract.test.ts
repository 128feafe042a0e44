import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { contractLines, readContract } from "./contract.ts";

const folder = mkdtempSync(join(tmpdir(), "windlass-contract-"));
const log = join(folder, "contract.jsonl");
afterAll(() => rmSync(folder, { recursive: true }));

test("operations, responses and violations of several processes are added up once each", () => {
  const violation = { type: "violation", operation: "GET /v2/images", status: 200, message: "slug must be string" };
  const lines = [
    { type: "seen", operation: "GET /v2/images", status: 200 },
    { type: "seen", operation: "GET /v2/images", status: 404 },
    { type: "seen", operation: "GET /v2/images", status: 200 },
    { type: "seen", operation: "POST /v2/droplets", status: 202 },
    violation,
    violation,
  ];
  writeFileSync(log, `${lines.map((line) => JSON.stringify(line)).join("\n")}\n{"type":"se`);
  const result = readContract(log);
  expect(result).toMatchObject({ responses: 3, operations: 2, violations: [violation] });
  expect(contractLines("description.json", result)).toEqual([
    "contract: 3 different responses of 2 operations checked, 1 violations",
    "  GET /v2/images, 200: slug must be string",
  ]);
});

test("without a description the output says that nothing was checked", () => {
  const nothing = readContract(join(folder, "none"));
  expect(contractLines(undefined, nothing)).toEqual([expect.stringContaining("not checked")]);
});
