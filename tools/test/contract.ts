import { existsSync, readFileSync } from "node:fs";

/** How the local cloud's responses compare with DigitalOcean's own description of its API. */
export interface ContractResult {
  /** Different responses that were checked: an operation with a status counts once. */
  responses: number;
  /** Different operations among them, such as `GET /v2/droplets/{droplet_id}`. */
  operations: number;
  violations: { operation: string; status: number; message: string }[];
}

/** A line of the log that the local cloud appends to (`WINDLASS_CONTRACT_LOG`). */
type ContractLine =
  | { type: "seen"; operation: string; status: number }
  | { type: "violation"; operation: string; status: number; message: string };

/** Adds up the log; the same violation twice counts once. A line cut off by a kill is passed over. */
export function readContract(log: string): ContractResult {
  const operations = new Set<string>();
  const responses = new Set<string>();
  const violations = new Map<string, ContractResult["violations"][number]>();
  for (const text of existsSync(log) ? readFileSync(log, "utf8").split("\n") : []) {
    const line = parseLine(text);
    if (line?.type === "seen") {
      operations.add(line.operation);
      responses.add(`${line.operation} ${line.status}`);
    }
    if (line?.type === "violation") violations.set(`${line.operation} ${line.status} ${line.message}`, line);
  }
  return { responses: responses.size, operations: operations.size, violations: [...violations.values()] };
}

function parseLine(text: string): ContractLine | undefined {
  try {
    return JSON.parse(text) as ContractLine;
  } catch {
    return undefined;
  }
}

/** What the test run says about it. */
export function contractLines(description: string | undefined, result: ContractResult): string[] {
  if (description === undefined) {
    return ["contract: not checked: WINDLASS_OPENAPI names no copy of DigitalOcean's API description"];
  }
  const { responses, operations, violations } = result;
  const summary = `contract: ${responses} different responses of ${operations} operations checked, ${violations.length} violations`;
  return [summary, ...violations.map(({ operation, status, message }) => `  ${operation}, ${status}: ${message}`)];
}
