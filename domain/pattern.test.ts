import { expect, test } from "vitest";
import { matcher } from "./pattern.ts";

test.each([
  ["web", "web", true],
  ["web", "web-1", false],
  ["web-*", "web-1", true],
  ["*:data", "urn:pulumi:x\n::data", true],
  ["a.c", "abc", false],
  ["s-*-intel", "s-1vcpu-1gb-amd", false],
  ["*", "", true],
])("%s and %s: %s", (pattern, name, fits) => expect(matcher(pattern)(name)).toBe(fits));
