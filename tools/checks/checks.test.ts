import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { argumentFindings } from "./argument-docs.ts";
import { linkFindings } from "./links.ts";
import { wordFindings } from "./words.ts";

const folder = mkdtempSync(join(tmpdir(), "windlass-checks-"));
afterAll(() => rmSync(folder, { recursive: true }));

const component = (members: string) => [{ path: "components/x.ts", text: `export interface XArgs {\n${members}\n}\n` }];

test("an argument that says all of it passes", () => {
  const members = [
    "  /** Size in GiB. A change grows it in place. */",
    "  size: number;",
    "  /**",
    "   * Further tags.",
    "   * Changing them updates in place.",
    "   * @default []",
    "   */",
    "  tags?: { name: string }[];",
  ];
  expect(argumentFindings(component(members.join("\n")))).toEqual([]);
});

test("arguments without a comment, a default, or what a change does are found", () => {
  const members = [
    "  size: number;",
    "  /** Tags. A change updates. */",
    "  tags?: string[];",
    "  /** Region. */",
    "  region: string;",
  ];
  expect(argumentFindings(component(members.join("\n")))).toEqual([
    "components/x.ts:2: XArgs.size has no doc comment",
    "components/x.ts:4: XArgs.tags is optional and has no @default",
    "components/x.ts:6: XArgs.region does not say what a change of it does",
  ]);
});

test("a comment belongs to the next member only", () => {
  const members = ["  /** Region. A change replaces it. */", "  region: string;", "  size: number;"];
  expect(argumentFindings(component(members.join("\n")))).toEqual(["components/x.ts:4: XArgs.size has no doc comment"]);
});

test.each([
  [`open("${["", "work", "main"].join("/")}/x")`, "a path of one machine"],
  [`// ${"TO"}DO later`, "unfinished work"],
  [`see ${"issue"} #12`, "the number of an issue"],
])("%s is found", (text, why) => {
  expect(wordFindings([{ path: "a.ts", text: `first\n${text}\n` }])).toEqual([
    expect.stringContaining(`a.ts:2: ${why}`),
  ]);
});

test("a folder on a node is no path of one machine", () => {
  const folder = ["", "work", "x"].join("/");
  const text = `cd /opt${folder}; ls $HOME${folder}; curl http://host${folder}`;
  expect(wordFindings([{ path: "a.sh", text }])).toEqual([]);
});

test("a link that leads nowhere is found", () => {
  mkdirSync(join(folder, "docs"));
  writeFileSync(join(folder, "docs/there.md"), "");
  const text = "[a](there.md#part) [b](https://example.org/x) [c](gone.md) [d](#part)";
  expect(linkFindings(folder, [{ path: "docs/page.md", text }])).toEqual([
    "docs/page.md: the link to gone.md leads nowhere",
  ]);
});
