import { join, resolve } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { OWN_ROOT, windlassHome } from "./own-root.ts";

afterEach(() => vi.unstubAllEnvs());

test("the .windlass folder is the caller's, else WINDLASS_HOME, else the project's, and absolute", () => {
  vi.stubEnv("WINDLASS_HOME", "state");
  expect(windlassHome("given", "/project")).toBe(resolve("given"));
  expect(windlassHome(undefined, "/project")).toBe(resolve("state"));
  vi.stubEnv("WINDLASS_HOME", undefined);
  expect(windlassHome(undefined, "/project")).toBe("/project/.windlass");
  expect(windlassHome()).toBe(join(OWN_ROOT, ".windlass"));
});
