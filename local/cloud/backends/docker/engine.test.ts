import { expect, test } from "vitest";
import { onceFree } from "./engine.ts";

/** A call that the engine answers with these statuses, one after the other, and then well. */
function answers(...statuses: number[]): () => Promise<string> {
  return async () => {
    const statusCode = statuses.shift();
    if (statusCode !== undefined) throw Object.assign(new Error(`status ${statusCode}`), { statusCode });
    return "done";
  };
}

test("what is only in the way for a moment is waited for, and every other refusal is told at once", async () => {
  expect(await onceFree(answers(409, 403, 409), [403, 409])).toBe("done");
  await expect(onceFree(answers(409, 500), [409])).rejects.toThrow("status 500");
});
