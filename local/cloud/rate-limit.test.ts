import { expect, test } from "vitest";
import { RateLimit } from "./rate-limit.ts";

const SECOND = 1000;

test("the window slides: what is older than a minute no longer counts", () => {
  const limit = new RateLimit(true);
  for (let n = 0; n < 250; n++) expect(limit.check("GET", "/v2/account", n * 100).retryAfter).toBeUndefined();
  expect(limit.check("GET", "/v2/account", 25 * SECOND).retryAfter).toBe(35);
  expect(limit.check("GET", "/v2/account", 59.9 * SECOND).retryAfter).toBe(1);
  expect(limit.check("GET", "/v2/account", 60 * SECOND).retryAfter).toBeUndefined();
  expect(limit.check("GET", "/v2/account", 60 * SECOND).retryAfter).toBe(1);
});

test("after 5,000 in an hour there is no hint how long to wait but the reset", () => {
  const limit = new RateLimit(true);
  for (let n = 0; n < 5000; n++) limit.check("GET", "/v2/account", n * 300);
  const refused = limit.check("GET", "/v2/account", 1600 * SECOND);
  expect(refused).toEqual({ limit: 5000, remaining: 0, reset: 3600, retryAfter: null });
  expect(limit.check("GET", "/v2/account", 3600 * SECOND).retryAfter).toBeUndefined();
});
