import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { substitute } from "./substitute.ts";

const values: Record<string, string> = { SET: "value", EMPTY: "", lower: "low" };
const lookup = (name: string): string | undefined => values[name];
const fill = (text: string): string => substitute(text, lookup).text;

describe("variables", () => {
  test.each([
    ["$SET and ${SET}", "value and value"],
    ["$lower$SET", "lowvalue"],
    ["${UNSET:-a}${UNSET-b}", "ab"],
    ["${EMPTY:-a}${EMPTY-b}", "a"],
    ["${SET:+a}${EMPTY:+b}${EMPTY+c}${UNSET+d}", "ac"],
    ["${UNSET:-${SET}}", "value"],
    ["${UNSET:-${UNSET:-${SET}-x}}", "value-x"],
    ["${UNSET:-{}} ${SET}", "{} value"],
    ['${UNSET:-{"a":{"b":1}}}', '{"a":{"b":1}}'],
    ["${UNSET-a:-b}", "a:-b"],
    ["$$SET $${SET} $$$SET", "$SET ${SET} $value"],
    ["$(pwd) $1 $ 5$", "$(pwd) $1 $ 5$"],
  ])("%s is %s", (template, filled) => {
    expect(fill(template)).toBe(filled);
  });

  test("that are not set are told once", () => {
    expect(substitute("$NO $NO ${OTHER} ${GIVEN:-x}", lookup)).toEqual({
      text: "  x".padStart(4),
      unset: ["NO", "OTHER"],
    });
  });

  test.each([
    ["${UNSET?}", "required variable UNSET is missing a value"],
    ["${EMPTY:?say ${SET}}", "required variable EMPTY is missing a value: say value"],
    ["${}", "${} is no variable"],
    ["${A", "${A is no variable"],
    ["${1A}", "${1A} is no variable"],
    ["${A!x}", "${A!x} is no variable"],
  ])("%s is refused", (template, reason) => {
    expect(() => fill(template)).toThrow(reason);
  });

  test("an empty value is given to ${NAME?}", () => {
    expect(fill("[${EMPTY?no}]")).toBe("[]");
  });

  test("doubling the dollars of any text gives the text", () => {
    fc.assert(fc.property(fc.string(), (text) => fill(text.replaceAll("$", "$$$$")) === text));
  });
});
