import { expect, test } from "vitest";
import { z } from "zod";
import { policyDocument } from "../tests/policy/docs/policies.ts";
import { policyTables } from "./document.ts";
import { stackRule } from "./rule.ts";

test("docs/policies.md has every rule and every case as they are now: node tests/policy/docs/policies.ts", async () => {
  const { is, should } = await policyDocument();
  expect(is).toBe(should);
});

test("a rule is told with its settings and its cases", () => {
  const rule = stackRule({
    id: "few",
    title: "there are few",
    reason: "many\nare more | dear",
    fix: "take some out",
    severity: "low",
    level: "advisory",
    settings: z.object({
      most: z.number().default(3).describe("how many"),
      of: z.string().optional().describe("of what"),
    }),
    judgeStack: () => [],
  });
  const lines = policyTables([rule], new Map([["few", [{ name: "four", differs: "three | less" }]]])).split("\n");
  expect(lines).toEqual(
    expect.arrayContaining([
      "## The 1 policies",
      "| [few](#few) | low | advisory | the whole stack | there are few |",
      "Demands: there are few.",
      "| `most` | `3` | how many |",
      "| `of` | not set | of what |",
      "| four | three \\| less |",
    ]),
  );
});
