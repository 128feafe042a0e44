import { expect, test } from "vitest";
import { ApiError } from "./errors.ts";
import { judge } from "./judge.ts";

test.each([
  ["GET", 503, true, true],
  ["PUT", 500, true, true],
  ["DELETE", 0, true, true],
  ["GET", 404, false, false],
  ["GET", 422, false, false],
  ["POST", 500, false, true],
  ["POST", 0, false, true],
  ["POST", 429, true, false],
  ["GET", 429, true, false],
])("%s answered %i: tried again %s, the API is down %s", (method, status, retry, failure) => {
  expect(judge(method, new ApiError("x", { status, id: "x", message: "x" }))).toMatchObject({ retry, failure });
});

test("the API's wait is taken, and an error that is not its own says nothing", () => {
  const slow = new ApiError("x", { status: 429, id: "x", message: "x", retryAfter: 1.5 });
  expect(judge("GET", slow).retryAfterMs).toBe(1500);
  expect(judge("GET", new Error("a mistake of ours"))).toEqual({ retry: false, failure: false });
});
