import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { renderStep, stepCommand } from "./bootstrap.ts";
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
const runIn = (state: string, input: string) =>
  spawnSync("bash", ["-c", stepCommand("40-volume").replaceAll("/var/lib/windlass", state)], {
    input,
    encoding: "utf8",
  });

test("a step's script is kept on the node, runs from there, and cannot be eaten by what it starts", () => {
  const state = folder();
  expect(runIn(state, "cat\necho done\n")).toMatchObject({ status: 0, stdout: "done\n" });
  expect(readFileSync(join(state, "steps/40-volume.sh"), "utf8")).toBe("cat\necho done\n");
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
