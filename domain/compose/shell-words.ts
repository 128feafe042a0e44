export interface ShellWords {
  words: string[];
  /** What stands behind an unquoted `;`, `&`, `|`, `<` or `>`: Compose leaves it out. */
  leftOut: string;
}

/**
 * A command line as words, by the rules of the Compose implementation: quotes and backslashes as in a shell, no variables, no globs.
 * Undefined where a quote or a backtick stays open, or a parenthesis stands alone.
 */
export function splitWords(line: string): ShellWords | undefined {
  const words: string[] = [];
  let word = "";
  let started = false;
  let quote = "";
  let escaped = false;
  const end = (): void => {
    if (started) words.push(word);
    word = "";
    started = false;
  };
  const take = (char: string): void => {
    word += char;
    started = true;
  };
  const characters = [...line];
  for (const [index, char] of characters.entries()) {
    if (escaped) {
      escaped = false;
      take(char);
    } else if (char === "\\" && quote !== "'") escaped = true;
    else if (quote === "'" || quote === '"') {
      if (char === quote) {
        quote = "";
        started = true;
      } else take(char);
    } else if (quote === "`" || quote === "(") {
      take(char);
      if (char === (quote === "(" ? ")" : "`")) quote = "";
    } else if (/[ \t\r\n]/.test(char)) end();
    else if (char === "'" || char === '"') quote = char;
    else if (char === "`") {
      quote = char;
      take(char);
    } else if (char === "(") {
      if (!word.endsWith("$")) return undefined;
      quote = char;
      take(char);
    } else if (char === ")") return undefined;
    else if (/[;&|<>]/.test(char)) {
      if (char === ">" && /^\d/.test(word)) started = false;
      end();
      return { words, leftOut: characters.slice(index).join("") };
    } else take(char);
  }
  if (escaped || quote !== "") return undefined;
  end();
  return { words, leftOut: "" };
}
