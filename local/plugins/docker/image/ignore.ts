/** Whether a path, relative to the context and with `/`, is left out of a build. */
export type Ignored = (path: string) => boolean;

interface Rule {
  test: RegExp;
  keeps: boolean;
}

/** Reads a `.dockerignore`: patterns of Go's filepath.Match with `**`, the last one that fits decides, `!` takes back. */
export function ignoreRules(text: string): Ignored {
  const rules = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map(ruleOf);
  return (path) => rules.reduce((ignored, { test, keeps }) => (test.test(path) ? !keeps : ignored), false);
}

/** A pattern that names a folder names everything in it. */
function ruleOf(line: string): Rule {
  const keeps = line.startsWith("!");
  const pattern = line
    .slice(keeps ? 1 : 0)
    .trim()
    .replace(/^(\.?\/)+/, "")
    .replace(/\/+$/, "");
  return { keeps, test: pattern === "." ? /^/ : new RegExp(`^${expression(pattern)}(/.*)?$`) };
}

function expression(pattern: string): string {
  let result = "";
  for (let at = 0; at < pattern.length; at++) {
    const rest = pattern.slice(at);
    const set = /^\[(\^?)((?:\\.|[^\]])+)\]/.exec(rest);
    if (rest.startsWith("**/")) {
      result += "(?:.*/)?";
      at += 2;
    } else if (rest.startsWith("**")) {
      result += ".*";
      at += 1;
    } else if (rest[0] === "*") result += "[^/]*";
    else if (rest[0] === "?") result += "[^/]";
    else if (set) {
      result += `[${set[1]}${set[2]}]`;
      at += set[0].length - 1;
    } else {
      if (rest[0] === "\\" && rest.length > 1) at += 1;
      result += pattern[at]?.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
    }
  }
  return result;
}
