import { expect, test } from "vitest";
import { pullLayers } from "./images.ts";

test("what the engine tells of layers is added up", () => {
  const tell = pullLayers();
  const seen = [
    tell({ id: "7.4", status: "Pulling from library/redis" }),
    tell({ id: "a", status: "Pulling fs layer" }),
    tell({ id: "b", status: "Already exists" }),
    tell({ id: "a", status: "Downloading", progressDetail: { current: 1024, total: 4096 } }),
    tell({ id: "a", status: "Download complete" }),
    tell({ id: "a", status: "Extracting", progressDetail: { current: 10, total: 4096 } }),
    tell({ id: "a", status: "Pull complete" }),
    tell({ status: "Digest: sha256:1" }),
  ];
  expect(seen).toEqual([
    "",
    "0 of 1 layers",
    "1 of 2 layers",
    "1 of 2 layers, 1.0 KiB of 4.0 KiB",
    "1 of 2 layers, 4.0 KiB of 4.0 KiB",
    "1 of 2 layers, 4.0 KiB of 4.0 KiB",
    "2 of 2 layers, 4.0 KiB of 4.0 KiB",
    "2 of 2 layers, 4.0 KiB of 4.0 KiB",
  ]);
});
