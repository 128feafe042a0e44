import { UserError } from "../errors.ts";
import type { Node, Path, Place } from "./node.ts";

/** Something wrong in a Compose file. */
export interface Problem {
  at: Place;
  /** `services.web.ports.0`; empty where it is about the file. */
  path: Path;
  reason: string;
  suggestion?: string;
}

/** Throws the first problem with file, line and path; the others stand in `details.also`. */
export function refuse(problems: readonly Problem[]): void {
  const [first, ...others] = problems;
  if (!first) return;
  throw new UserError("ConfigInvalid", {
    reason: describe(first),
    ...(first.suggestion ? { suggestion: first.suggestion } : {}),
    file: first.at.file,
    line: first.at.line,
    ...(first.path.length > 0 ? { path: first.path.join(".") } : {}),
    ...(others.length > 0 ? { also: others.map((other) => describe(other)) } : {}),
  });
}

/** Throws one problem at a node. */
export function fail(node: Pick<Node, "at">, path: Path, reason: string, suggestion?: string): never {
  refuse([{ at: node.at, path, reason, ...(suggestion ? { suggestion } : {}) }]);
  throw new Error("unreachable");
}

function describe({ at, path, reason }: Problem): string {
  return `${at.file}:${at.line}: ${path.length > 0 ? `${path.join(".")}: ` : ""}${reason}`;
}
