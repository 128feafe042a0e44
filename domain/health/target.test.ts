import { expect, test } from "vitest";
import { baseOf, endpointOf, parseTarget, targetGiven } from "./target.ts";

test.each([
  ["https://shop.example.com/health", "http", "https://shop.example.com/health"],
  ["tcp://10.0.0.3:9092", "tcp", "tcp://10.0.0.3:9092"],
  ["postgres://app:s3cret@db:5433/shop", "postgres", "postgres://db:5433/shop"],
  ["rediss://:s3cret@cache/1", "redis", "rediss://cache/1"],
  ["langfuse+https://pk:sk@us.cloud.langfuse.com", "langfuse", "langfuse+https://us.cloud.langfuse.com"],
  ["prometheus+http://nas:9090", "prometheus", "prometheus+http://nas:9090"],
  ["services:shop/web", "services", "shop/web"],
  ["node:*", "node", "*"],
  ["droplet:inference-1", "droplet", "inference-1"],
])("%s is %s, called %s", (address, kind, name) => {
  expect(parseTarget(address)).toMatchObject({ kind, name, address, timeoutMs: 5000 });
});

test.each([
  ["htps://shop", "no address", "did you mean https:?"],
  ["shop", "no address", "begin it with one of http:"],
  ["tcp://db", "names no port", ""],
  ["postgres://", "names no host", ""],
  ["http://[", "is no URL", ""],
  ["services:", "names nothing", ""],
  ["node:a b", "names nothing", ""],
])("%s is refused", (address, reason, suggestion) => {
  expect(() => targetGiven(address)).toThrow(reason);
  expect(() => targetGiven(address)).toThrow(suggestion);
});

test("a setting of another kind is refused, by its name", () => {
  expect(() => parseTarget("tcp://db:1", "db", { status: 200 })).toThrow("is for http only, and this is tcp");
  expect(() => parseTarget("redis://db", "db", { most: 3 })).toThrow("needs the queue");
  expect(() => parseTarget("redis://db", "db", { queue: "a", bullmq: "b" })).toThrow("stands beside queue");
});

test("no password is in what is shown", () => {
  for (const address of ["postgres://a:p@ss@h/d", "https://u:p@h/x?token=p#p", "redis://:p@h"]) {
    expect(endpointOf(address)).not.toContain("p@");
    expect(endpointOf(address)).not.toContain("token");
  }
  expect(endpointOf(baseOf("langfuse+https://pk:sk@cloud.langfuse.com/"))).toBe("https://cloud.langfuse.com");
});
