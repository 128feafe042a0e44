/** `node tests/policy/docs/policies.ts` brings the tables of docs/policies.md up to date with the rules and their cases. */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { BEGIN, END, policyTables } from "../../../policy/document.ts";
import { RULES } from "../../../policy/rules/index.ts";
import { allCases } from "../runs.ts";

const FILE = resolve(import.meta.dirname, "../../../docs/policies.md");

/** The document as it is, and as it has to be. */
export async function policyDocument(): Promise<{ is: string; should: string }> {
  const is = readFileSync(FILE, "utf8");
  const [before, after] = [is.indexOf(BEGIN), is.indexOf(END)];
  if (before < 0 || after < before) throw new Error(`${FILE} must have the lines ${BEGIN} and ${END}`);
  const tables = policyTables(RULES, await allCases())
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim();
  return { is, should: `${is.slice(0, before)}${BEGIN}\n${tables}\n${is.slice(after)}` };
}

if (process.argv[1] === import.meta.filename) writeFileSync(FILE, (await policyDocument()).should);
