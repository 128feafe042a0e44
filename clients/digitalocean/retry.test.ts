import { expect, test } from "vitest";
import { ApiError } from "./errors.ts";
import { RETRY_DELAYS_MS, retryPolicy } from "./retry.ts";

async function tries(method: string, status: number, retryAfter?: number): Promise<number> {
  let count = 0;
  await retryPolicy(method, [0, 0, 0])
    .execute(() => {
      count++;
      throw new ApiError("x", { status, id: "x", message: "x", retryAfter });
    })
    .catch(() => undefined);
  return count;
}

test("the waits are 2, 4 and 8 s", () => expect(RETRY_DELAYS_MS).toEqual([2000, 4000, 8000]));

test.each([
  ["GET", 503, 4],
  ["PUT", 500, 4],
  ["DELETE", 0, 4],
  ["GET", 404, 1],
  ["GET", 422, 1],
  ["POST", 500, 1],
  ["POST", 0, 1],
  ["POST", 429, 4],
])("%s answered %i is tried %i times", async (method, status, count) => {
  expect(await tries(method, status)).toBe(count);
});
