import { styleText } from "node:util";
import { policyNotes } from "../gate/notes.ts";
import type { Plan } from "../preview.ts";
import { changesLine, costLine, printJson } from "./output.ts";
import { kindOf } from "./reporter.ts";

const SIGNS: Record<string, [string, "green" | "yellow" | "red" | "magenta"]> = {
  create: ["+", "green"],
  import: ["=", "green"],
  update: ["~", "yellow"],
  replace: ["±", "magenta"],
  delete: ["-", "red"],
};

/** A plan as JSON (without its steps: the document is a contract) or as lines, with the cost last. */
export function printPlan(plan: Plan, json: boolean | undefined, stream: NodeJS.WriteStream = process.stdout): void {
  const { stack, changes, cost, policy, steps } = plan;
  if (json) {
    printJson({ stack, changes, cost, policy });
    return;
  }
  const lines = steps.map(({ action, type, name, changed }) => {
    const [sign, color] = SIGNS[action] ?? [" ", "yellow"];
    const what = action === "create" || !changed ? "" : `: ${changed.join(", ")}`;
    return `  ${styleText(color, sign, { stream })} ${kindOf(type)} ${name}${what}`;
  });
  const violations = policy.violations.map(({ policy: name, resource, message, fix }) => {
    const where = resource === stack ? "" : `${resource}: `;
    return styleText("red", `refused by ${name}: ${where}${message}${fix ? `; ${fix}` : ""}`, { stream });
  });
  const notes = policyNotes(policy).map((note) => styleText("yellow", note, { stream }));
  const head = steps.length === 0 ? `Stack ${stack} is as declared: nothing would change.` : `Stack ${stack}:`;
  stream.write(`${[head, ...lines, changesLine(changes), costLine(cost), ...notes, ...violations].join("\n")}\n`);
}
