import { appendFileSync, readFileSync } from "node:fs";
import type { Ajv, ValidateFunction } from "ajv";
import type { Route } from "./wire.ts";

type Json = Record<string, unknown>;

/** What an answer did to the description. */
export interface Violation {
  type: "violation";
  operation: string;
  status: number;
  message: string;
}

/** Regions that the description's lists are older than. */
const NEWER_REGIONS = ["atl1"];

/**
 * Checks every answer against DigitalOcean's own OpenAPI description, which is not a part of this project: its path is given.
 * What was seen and what was wrong goes to a file, one JSON document a line.
 */
export class Contract {
  readonly #description: Json;
  readonly #ajv: Ajv;
  readonly #log: string | undefined;
  readonly #validators = new Map<string, ValidateFunction | null>();
  readonly #operations = new Map<Route, string | undefined>();
  readonly #seen = new Set<string>();

  private constructor(description: Json, ajv: Ajv, log: string | undefined) {
    this.#description = description;
    this.#ajv = ajv;
    this.#log = log;
  }

  /** The validator is loaded only here: the local cloud runs without it. */
  static async load(file: string, log = process.env["WINDLASS_CONTRACT_LOG"]): Promise<Contract> {
    const { Ajv } = await import("ajv");
    const { default: formats } = await import("ajv-formats");
    const description = JSON.parse(readFileSync(file, "utf8")) as Json;
    openUp(description);
    const ajv = new Ajv({
      strict: false,
      validateSchema: false,
      allErrors: false,
      logger: false,
      unicodeRegExp: false,
    });
    (formats as unknown as (ajv: Ajv) => void)(ajv);
    ajv.addSchema({ $id: "description", ...description } as object);
    return new Contract(description, ajv, log);
  }

  /** "GET /v2/droplets/{droplet_id}" for a route of ours; undefined where the description has no such operation. */
  operation(route: Route): string | undefined {
    if (!this.#operations.has(route)) this.#operations.set(route, this.#find(route));
    return this.#operations.get(route);
  }

  /** Checks one answer, and notes it. */
  check(route: Route, status: number, body: unknown): Violation | undefined {
    const operation = this.operation(route);
    if (!operation) return undefined;
    if (!this.#seen.has(`${operation} ${status}`)) {
      this.#seen.add(`${operation} ${status}`);
      this.#write({ type: "seen", operation, status });
    }
    const message = this.#tryToJudge(operation, status, body);
    if (message === undefined) return undefined;
    const violation: Violation = { type: "violation", operation, status, message };
    this.#write(violation);
    return violation;
  }

  /** What the validator itself stumbles over is a finding too; it must not change the answer. */
  #tryToJudge(operation: string, status: number, body: unknown): string | undefined {
    try {
      return this.#judge(operation, status, body);
    } catch (error) {
      return `cannot be checked: ${(error as Error).message}`;
    }
  }

  #judge(operation: string, status: number, body: unknown): string | undefined {
    const validate = this.#validator(operation, status);
    if (validate === undefined) return `the description has no answer ${status}`;
    if (validate === null) return body === undefined ? undefined : "the description has no body here";
    // A round trip, since only what JSON keeps is sent: no undefined fields.
    if (body !== undefined && validate(JSON.parse(JSON.stringify(body)))) return undefined;
    return body === undefined ? "a body is missing" : this.#ajv.errorsText(validate.errors);
  }

  /** Null where the answer has no body, undefined where there is no such answer. */
  #validator(operation: string, status: number): ValidateFunction | null | undefined {
    const key = `${operation} ${status}`;
    if (this.#validators.has(key)) return this.#validators.get(key);
    const [method = "", path = ""] = operation.split(" ");
    const pointer = ["paths", path, method.toLowerCase(), "responses"];
    const responses = this.#at(pointer) as Json;
    const name = String(status) in responses ? String(status) : "default" in responses ? "default" : undefined;
    if (name === undefined) return undefined;
    const response = this.#resolve([...pointer, name]);
    const schema = [...response, "content", "application/json", "schema"];
    const found = this.#at(schema) === undefined ? null : this.#ajv.compile({ $ref: `description#${encode(schema)}` });
    this.#validators.set(key, found);
    return found;
  }

  #find({ method, path }: Route): string | undefined {
    const own = path.split("/");
    for (const [template, operations] of Object.entries(this.#description["paths"] as Json)) {
      const theirs = template.split("/");
      const same = theirs.length === own.length && theirs.every((part, n) => samePart(part, own[n] as string));
      if (same && method.toLowerCase() in (operations as Json)) return `${method} ${template}`;
    }
    return undefined;
  }

  /** Follows a reference at this place. */
  #resolve(pointer: string[]): string[] {
    const reference = (this.#at(pointer) as Json | undefined)?.["$ref"];
    if (typeof reference !== "string") return pointer;
    return this.#resolve(
      reference
        .slice(2)
        .split("/")
        .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~")),
    );
  }

  #at(pointer: string[]): unknown {
    return pointer.reduce<unknown>((value, part) => (value as Json | undefined)?.[part], this.#description);
  }

  #write(line: object): void {
    if (this.#log) appendFileSync(this.#log, `${JSON.stringify(line)}\n`);
  }
}

function samePart(theirs: string, own: string): boolean {
  return theirs.startsWith("{") ? own.startsWith(":") : theirs === own;
}

function encode(pointer: string[]): string {
  return pointer.map((part) => `/${encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))}`).join("");
}

/** OpenAPI 3.0's `nullable` in JSON Schema's words, and the regions that came after the description. */
function openUp(node: unknown): void {
  if (typeof node !== "object" || node === null) return;
  if (Array.isArray(node)) {
    if (node.includes("nyc1") && node.includes("sgp1")) node.push(...NEWER_REGIONS.filter((r) => !node.includes(r)));
    for (const item of node) openUp(item);
    return;
  }
  const schema = node as Json;
  if (schema["nullable"] === true) {
    delete schema["nullable"];
    if (typeof schema["type"] === "string") schema["type"] = [schema["type"], "null"];
    if (Array.isArray(schema["enum"])) schema["enum"].push(null);
  }
  for (const value of Object.values(schema)) openUp(value);
}
