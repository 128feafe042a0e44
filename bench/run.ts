import { readdirSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { basename, join } from "node:path";
import type { Benchmark, Measurement } from "./measure.ts";

/** `make bench [ONLY=name]`: runs every benchmark beside this file in turn and prints its figures; `--json` for machines. */
const notBenchmarks = new Set(["run.ts", "measure.ts"]);
const only = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const asJson = process.argv.includes("--json");

const files = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".ts") && !/\.(test|d)\.ts$/.test(file) && !notBenchmarks.has(file))
  .filter((file) => only.length === 0 || only.includes(basename(file, ".ts")));
if (files.length === 0) {
  process.stderr.write(`no benchmark named ${only.join(", ")}\n`);
  process.exit(2);
}

process.stderr.write(
  `machine: ${cpus().length} x ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}\n`,
);
const all: Record<string, Measurement[]> = {};
let failed = false;
for (const file of files) {
  const name = basename(file, ".ts");
  try {
    const { default: run } = (await import(join(import.meta.dirname, file))) as { default: Benchmark };
    all[name] = await run((line) => process.stderr.write(`  ${name}: ${line}\n`));
    if (!asJson) process.stdout.write(`${name}\n${all[name].map((row) => `  ${format(row)}\n`).join("")}`);
  } catch (error) {
    failed = true;
    process.stderr.write(`  ${name}: failed: ${error instanceof Error ? error.stack : error}\n`);
  }
}
if (asJson) process.stdout.write(`${JSON.stringify(all)}\n`);
process.exit(failed ? 1 : 0);

function format(row: Measurement): string {
  const digits = row.value >= 100 ? 0 : row.value >= 1 ? 2 : 3;
  const parts = [row.what.padEnd(64), `${row.value.toFixed(digits)} ${row.unit}`.padStart(12)];
  if (row.target) {
    const [limit, word] = "atMost" in row.target ? [row.target.atMost, "at most"] : [row.target.atLeast, "at least"];
    const met = "atMost" in row.target ? row.value <= limit : row.value >= limit;
    parts.push(`target ${word} ${limit} ${row.unit} (x${(row.value / limit).toFixed(2)}${met ? "" : ", missed"})`);
  }
  if (row.beside)
    parts.push(
      `${row.beside.what} ${row.beside.value.toFixed(digits)} ${row.unit} (x${(row.value / row.beside.value).toFixed(2)})`,
    );
  return parts.join("  ");
}
