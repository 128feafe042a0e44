/** `node tools/checks/run.ts [CHECK...]`: what `make verify` does. Writes nothing; exit code 1 when something is wrong. */
import { resolve } from "node:path";
import { argumentDocs } from "./argument-docs.ts";
import type { Check } from "./check.ts";
import { layers, shell, style, types, unitTests } from "./commands.ts";
import { links } from "./links.ts";
import { words } from "./words.ts";

const root = resolve(import.meta.dirname, "../..");
const say = (line: string) => process.stdout.write(`${line}\n`);

/** The first ones are quick and run side by side. */
const quick: Check[] = [types, style, layers, argumentDocs, links, words, shell];
const all = [...quick, unitTests];
const wanted = process.argv.slice(2);
const chosen = (checks: Check[]) => checks.filter(({ name }) => wanted.length === 0 || wanted.includes(name));

const unknown = wanted.filter((name) => !all.some((check) => check.name === name));
if (unknown.length > 0) {
  say(`there is no check ${unknown.join(", ")}; there are ${all.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

async function look(check: Check): Promise<boolean> {
  const started = performance.now();
  const findings = await check.run(root);
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  say(
    findings.length === 0
      ? `ok    ${check.name} (${seconds} s)`
      : `WRONG ${check.name} (${seconds} s)\n${findings.join("\n")}\n`,
  );
  return findings.length === 0;
}

const results = await Promise.all(chosen(quick).map(look));
for (const check of chosen([unitTests])) results.push(await look(check));
const wrong = results.filter((ok) => !ok).length;
say(
  wrong === 0
    ? `verify: all ${results.length} checks passed`
    : `verify: ${wrong} of ${results.length} checks found something`,
);
process.exitCode = wrong === 0 ? 0 : 1;
