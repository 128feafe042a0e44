import { readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../runner/toolchain/command.ts";

export interface TextFile {
  /** Relative to the root. */
  path: string;
  text: string;
}

/** Pins and generated tables: nobody writes them by hand. */
const generated = /(^|\/)(package-lock\.json|go\.sum|go\.mod|LICENSE)$/;

/** The text files that git knows or would add, without generated ones. */
export async function trackedFiles(root: string): Promise<TextFile[]> {
  const listed = await run("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], { cwd: root });
  const paths = listed.stdout.split("\0").filter((path) => path !== "" && !generated.test(path));
  return paths.flatMap((path) => {
    const text = readText(join(root, path));
    return text === undefined ? [] : [{ path, text }];
  });
}

function readText(path: string): string | undefined {
  try {
    const content = readFileSync(path);
    return content.subarray(0, 8_000).includes(0) ? undefined : content.toString("utf8");
  } catch {
    return undefined;
  }
}
