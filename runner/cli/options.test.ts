import { expect, test } from "vitest";
import { gateOptions, stackCommand, withOverrides } from "./options.ts";

function parsed(...args: string[]) {
  const command = withOverrides(stackCommand("up")).exitOverride();
  command.parse(args, { from: "user" });
  return gateOptions(command.opts());
}

test("policies are overridden by id, each once, for one reason", () => {
  expect(parsed()).toEqual({});
  expect(parsed("--override-policy", "a", "--override-policy", "b", "--override-policy", "a", "--why", " w ")).toEqual({
    overrides: [
      { policy: "a", why: "w" },
      { policy: "b", why: "w" },
    ],
  });
});

test.each([
  [["--override-policy", "a"], "--why"],
  [["--override-policy", "a", "--why", " "], "--why"],
  [["--why", "w"], "--override-policy"],
])("%j is wrong usage: both or neither", (args, missing) => {
  expect(() => parsed(...args)).toThrow(missing);
  try {
    parsed(...args);
  } catch (error) {
    expect(error).toMatchObject({ code: "UsageError", exitCode: 2 });
  }
});
