import { readFileSync } from "node:fs";
import type { StepName, StepText } from "../domain/bootstrap.ts";

/** Reads the parts of a step. */
export function stepText(step: StepName): StepText {
  const read = (name: string) => readFileSync(new URL(`bootstrap/${name}.sh`, import.meta.url), "utf8");
  return { prelude: read("prelude"), body: read(step) };
}

/** Programs that stay on a node, by the names of their files in catalog/node. */
export type NodeProgram = "sample" | "watchdog";

/** Text of one of them. */
export function nodeProgram(name: NodeProgram): string {
  return readFileSync(new URL(`node/${name}.sh`, import.meta.url), "utf8").trimEnd();
}
