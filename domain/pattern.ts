/** Whether a name fits a pattern, in which `*` stands for any text. */
export function matcher(pattern: string): (name: string) => boolean {
  const source = pattern
    .split("*")
    .map((text) => text.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"))
    .join(".*");
  const expression = new RegExp(`^${source}$`, "s");
  return (name) => expression.test(name);
}
