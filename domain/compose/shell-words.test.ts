import { expect, test } from "vitest";
import { splitWords } from "./shell-words.ts";

test.each([
  ["  run  --fast ", ["run", "--fast"]],
  [`echo 'it is' "a \\"b\\"" c\\ d`, ["echo", "it is", 'a "b"', "c d"]],
  [`a'b'"c"d ''`, ["abcd", ""]],
  ["echo $(date now) `a b`c", ["echo", "$(date now)", "`a b`c"]],
  ["'a\\b'", ["a\\b"]],
  ["", []],
])("%s", (line, words) => expect(splitWords(line)).toEqual({ words, leftOut: "" }));

test.each([
  ["a && b", ["a"], "&& b"],
  ["a;b", ["a"], ";b"],
  ["run 2>file", ["run"], ">file"],
  ["a | b", ["a"], "| b"],
])("%s ends early", (line, words, leftOut) => expect(splitWords(line)).toEqual({ words, leftOut }));

test.each(["echo 'a", 'echo "a', "echo a\\", "f(x)", "a)", "`a"])("%s is refused", (line) =>
  expect(splitWords(line)).toBeUndefined(),
);
