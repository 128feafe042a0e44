/** Reads the id of an import: two parts, the first of which goes into the state. */
export function importId(id: string, first: string, second: string): [string, string] {
  const parts = id.split("/");
  if (parts.length !== 2 || parts.some((part) => part === ""))
    throw new Error(`the id to import is ${first}/${second}, not "${id}"`);
  return parts as [string, string];
}
