import { expect, test } from "vitest";
import { nearest } from "./spelling.ts";

test.each([
  ["regoin", "region"],
  ["GPURegion", "gpuRegion"],
  ["volumeSize", "volumeSizeGiB"],
])("%s is meant as %s", (written, meant) => {
  expect(nearest(written, ["region", "gpuRegion", "volumeSizeGiB", "tags"])).toBe(meant);
});

test("what is far from everything is meant as nothing", () =>
  expect(nearest("zzzzzz", ["region", "tags"])).toBeUndefined());
