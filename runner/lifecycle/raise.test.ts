import { expect, test } from "vitest";
import { UserError } from "../../domain/errors.ts";
import { moveOf } from "./move-advice.ts";
import { isCapacity } from "./raise.ts";

test("only what DigitalOcean says where it has no machine is taken for missing capacity", () => {
  const refused = (reason: string) => new UserError("ProvisionFailed", { reason });
  expect(isCapacity(refused("Insufficient capacity in region"))).toBe(true);
  expect(isCapacity(refused("the droplet did not become active"))).toBe(false);
  expect(isCapacity(new UserError("VolumeAttachFailed", { reason: "capacity" }))).toBe(false);
  const answer = (status: number, text: string) => Object.assign(new Error(text), { status });
  expect(isCapacity(answer(422, "Size is not available in this region."))).toBe(true);
  expect(isCapacity(answer(422, "Droplet already has a pending event."))).toBe(false);
  expect(isCapacity(answer(503, "temporarily unavailable"))).toBe(false);
});

test("a move is priced by the volume's size: 500 GiB are about an hour and a half, and a second volume", () => {
  expect(moveOf(500)).toEqual({ minutes: 96, onceUsd: 0.12, monthlyUsd: 50 });
});
