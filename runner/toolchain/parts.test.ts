import { expect, test } from "vitest";
import type { Part, PartEvent } from "./part.ts";
import { checkAll, installMissing } from "./parts.ts";

function fakePart(name: string, there: boolean, installs: "works" | "does not help" | "not at all" = "works"): Part {
  let ok = there;
  const part: Part = {
    name,
    check: async () => (ok ? { ok, found: "1.0", fix: "" } : { ok, fix: `get ${name}` }),
  };
  if (installs !== "not at all") {
    part.install = async (progress) => {
      progress("unpacking");
      ok = installs === "works";
    };
  }
  return part;
}

test("what is there stays, what is missing is brought, and each step is told", async () => {
  const events: PartEvent[] = [];
  const parts = [fakePart("a", true), fakePart("b", false)];
  const states = await installMissing({ onEvent: (event) => events.push(event) }, parts);
  expect(states.map(({ name, ok }) => `${name} ${ok}`)).toEqual(["a true", "b true"]);
  expect(events.map(({ kind, part }) => `${part} ${kind}`)).toEqual([
    "a found",
    "b missing",
    "b installing",
    "b line",
    "b installed",
  ]);
});

test("only the parts named are brought", async () => {
  const parts = [fakePart("a", false), fakePart("b", false)];
  await installMissing({ only: ["b"] }, parts);
  expect((await checkAll(parts)).map(({ ok }) => ok)).toEqual([false, true]);
});

test("a part that only the user can bring is an error with what to do", async () => {
  const error = await installMissing({}, [fakePart("a", false, "not at all")]).catch((caught) => caught.toJSON());
  expect(error).toEqual({
    error: "ToolMissing",
    details: { part: "a", reason: "a is missing", suggestion: "get a" },
  });
});

test("an install that did not help is an error", async () => {
  await expect(installMissing({}, [fakePart("a", false, "does not help")])).rejects.toThrow(
    /installed and is still not/,
  );
});
