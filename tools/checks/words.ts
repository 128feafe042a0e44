import type { Check } from "./check.ts";
import { type TextFile, trackedFiles } from "./tracked-files.ts";

/** What must not stand in the repository, and why. */
const forbidden: { pattern: RegExp; why: string }[] = [
  { pattern: /(?<![\w.}/-])\/(work|home\/\w+|Users\/\w+)\//, why: "a path of one machine" },
  {
    pattern: /\bregistry\.npmjs\.org|\bproxy\.golang\.org|\bfiles\.pythonhosted\.org/,
    why: "the host of a package registry",
  },
  { pattern: /\b(TO[D]O|FIX[M]E|XX[X])\b/, why: "unfinished work" },
  { pattern: /\bissue #?\d+\b/i, why: "the number of an issue" },
];

/** Lines of a file that hold something forbidden. */
export function wordFindings(files: TextFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split("\n")
      .flatMap((line, index) =>
        forbidden
          .filter(({ pattern }) => pattern.test(line))
          .map(({ pattern, why }) => `${path}:${index + 1}: ${why}: ${pattern.exec(line)?.[0]}`),
      ),
  );
}

/** No paths of one machine, registry hosts, unfinished work. */
export const words: Check = {
  name: "words",
  run: async (root) => wordFindings(await trackedFiles(root)),
};
