import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Check } from "./check.ts";
import { type TextFile, trackedFiles } from "./tracked-files.ts";

/** Links of a page to files that are not there. */
export function linkFindings(root: string, pages: TextFile[]): string[] {
  return pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => (match[1] ?? "").replace(/#.*$/, ""))
      .filter((target) => target !== "" && !/^[a-z]+:/.test(target))
      .filter((target) => !existsSync(join(root, dirname(path), target)))
      .map((target) => `${path}: the link to ${target} leads nowhere`),
  );
}

/** Every relative link of the documentation leads to a file. */
export const links: Check = {
  name: "links",
  run: async (root) =>
    linkFindings(
      root,
      (await trackedFiles(root)).filter(({ path }) => path.endsWith(".md")),
    ),
};
