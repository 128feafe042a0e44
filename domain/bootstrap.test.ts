import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { renderStep, type StepName, stepCommand } from "./bootstrap.ts";
import { failuresIn } from "./failure-line.ts";

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

const folder = () => mkdtempSync(join(tmpdir(), "windlass-command-"));
const runIn = (state: string, input: string, step: StepName = "40-volume") =>
  spawnSync("bash", ["-c", stepCommand(step).replaceAll("/var/lib/windlass", state)], {
    input,
    encoding: "utf8",
  });

test("a step's script is kept on the node, runs from there, and cannot be eaten by what it starts", () => {
  const state = folder();
  expect(runIn(state, "cat\necho done\n")).toMatchObject({ status: 0, stdout: "done\n" });
  expect(readFileSync(join(state, "steps/40-volume.sh"), "utf8")).toBe("cat\necho done\n");
});

test("a script that holds a secret is for its owner alone, also where an older one was not", () => {
  const state = folder();
  const mode = (step: string) => (statSync(join(state, "steps", `${step}.sh`)).mode & 0o777).toString(8);
  runIn(state, "true\n");
  expect(mode("40-volume")).toBe("644");
  writeFileSync(join(state, "steps/85-watch.sh"), "", { mode: 0o644 });
  expect(runIn(state, "true\n", "85-watch").status).toBe(0);
  expect(mode("85-watch")).toBe("600");
});

test("a node that cannot keep the script says so as programs read it", () => {
  const state = join(folder(), "file");
  writeFileSync(state, "");
  const { status, stderr } = runIn(state, "echo done\n");
  expect(status).toBe(1);
  expect(failuresIn(stderr)[0]?.details.reason).toBe(
    "40-volume: the root disk of the node is full or cannot be written",
  );
});
