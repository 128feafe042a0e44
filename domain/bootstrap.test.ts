import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { renderStep, stepCommand } from "./bootstrap.ts";

test("variables reach a step whatever they hold", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0")),
      (value) => {
        const script = renderStep(
          "20-docker",
          { prelude: "run_step() { printf '%s' \"$VALUE\"; }", body: "" },
          { VALUE: value },
        );
        expect(execFileSync("bash", ["-euo", "pipefail", "-c", script], { encoding: "utf8" })).toBe(value);
      },
    ),
    { numRuns: 30 },
  );
});

test("a script is the same each time, so that nothing runs again without a reason", () => {
  const render = () => renderStep("40-volume", { prelude: "p", body: "b" }, { VOLUME: "data" });
  expect(render()).toBe(render());
  expect(render()).toMatch(/^STEP=40-volume\nLIMIT=600\nVOLUME=data\n/);
});

test("a step's script is kept on the node under its name", () => {
  expect(stepCommand("40-volume")).toContain("/var/lib/windlass/steps/40-volume.sh");
});
