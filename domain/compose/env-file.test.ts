import { describe, expect, test } from "vitest";
import { readEnvFile, readRawEnvFile } from "./env-file.ts";

const given = (name: string): string | undefined => ({ GIVEN: "outer", A: "from outside" })[name];

function read(text: string, reader = readEnvFile): Record<string, string> {
  const values = new Map<string, string>();
  reader(text, values, given);
  return Object.fromEntries(values);
}

describe("an environment file", () => {
  test.each([
    ["A=1\n\n# comment\nB = 2 # more\n", { A: "1", B: "2" }],
    ["export A=1\r\nB: two words  \r\n", { A: "1", B: "two words" }],
    ['A=\'$B \\n\'\nB="$GIVEN \\n|\\$A|\\""', { A: "$B \\n", B: 'outer \n|$A|"' }],
    ['A="one\ntwo"\nB=3', { A: "one\ntwo", B: "3" }],
    ["X=1\nY=${X}/bin:${A}:${NONE:-d}", { X: "1", Y: "1/bin:from outside:d" }],
    ["GIVEN\nNONE\nZ=", { GIVEN: "outer", Z: "" }],
    ["A=a#b\nB=#c\nC=d=e", { A: "a#b", B: "#c", C: "d=e" }],
    ["\uFEFFa.b-c[0]=1", { "a.b-c[0]": "1" }],
    ['A="\\0101\\tx\\q"', { A: "A\tx\\q" }],
    ["A=1\nA=2", { A: "2" }],
  ])("%j", (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  test.each([
    ['A=1\nB="open\nC=2', 2, "the quote of B is not closed"],
    ["A=1\n\n=x", 3, '"" is no name of a variable'],
    ["A B=1", 1, '"A B" is no name of a variable'],
    ["A=${B:?needed}", 1, "required variable B is missing a value: needed"],
  ])("%j is refused", (text, line, reason) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ line, message: reason }));
  });

  test("raw keeps everything as it stands", () => {
    const text = '# c\nA="1" # x\n B=$GIVEN\nGIVEN\nNONE\nC= y \n';
    expect(read(text, readRawEnvFile)).toEqual({ A: '"1" # x', B: "$GIVEN", GIVEN: "outer", C: " y " });
    expect(() => read("A B=1", readRawEnvFile)).toThrow('"A B" is no name of a variable');
  });
});
