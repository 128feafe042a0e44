import { z } from "zod";
import { nearest } from "../spelling.ts";
import { type MapNode, type Node, nearestNode, type Path } from "./node.ts";
import { type Problem, refuse } from "./problem.ts";
import { flag, named, object, options, pairs, text, textOrTexts } from "./schema-parts.ts";
import { service } from "./schema-service.ts";

const external = z.union([z.boolean(), z.string(), object({ name: text.optional() })]);

const network = z.union([
  z.null(),
  object({
    name: text,
    driver: text,
    driver_opts: options,
    ipam: object({
      driver: text,
      config: z.array(
        object({
          subnet: text,
          ip_range: text,
          gateway: text,
          aux_addresses: z.record(z.string(), z.string()),
        }).partial(),
      ),
      options: z.record(z.string(), z.string()),
    }).partial(),
    external,
    internal: flag,
    enable_ipv4: flag,
    enable_ipv6: flag,
    attachable: flag,
    labels: pairs,
  }).partial(),
]);

const volume = z.union([
  z.null(),
  object({ name: text, driver: text, driver_opts: options, external, labels: pairs }).partial(),
]);

const fileObject = {
  name: text,
  environment: text,
  file: text,
  external,
  labels: pairs,
  template_driver: text,
};

const include = z.union([
  z.string(),
  object({ path: textOrTexts, env_file: textOrTexts, project_directory: text }).partial(),
]);

/** A Compose file as the Compose Specification has it (schema of compose-go 2.9.1), written with short or long forms. */
const composeFile = object({
  version: text,
  name: text,
  include: z.array(include),
  services: named(service),
  networks: named(network),
  volumes: named(volume),
  secrets: named(object({ ...fileObject, driver: text, driver_opts: options }).partial()),
  configs: named(object({ ...fileObject, content: text }).partial()),
  models: z.any(),
}).partial();

/** Throws `ConfigInvalid` with every mistake of a merged file: unknown keys with the nearest known one, wrong types, wrong values. */
export function checkSchema(root: MapNode): void {
  parseNodes(root, composeFile);
}

/** The value of a file by its schema; extension keys are left out. Throws `ConfigInvalid` with every mistake, as `checkSchema` does. */
export function parseNodes<T extends z.ZodType>(root: MapNode, schema: T): z.output<T> {
  const result = schema.safeParse(plain(root, []));
  if (result.success) return result.data;
  return refuseAll(result.error.issues.flatMap((issue) => problemsOf(issue, [], root, schema)));
}

function refuseAll(problems: Problem[]): never {
  refuse(problems);
  throw new Error("unreachable");
}

const USER_NAMED = new Set(["services", "networks", "volumes", "secrets", "configs"]);

/** Without extension keys, which may stand anywhere and hold anything. */
function plain(node: Node, path: Path): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map((item) => plain(item, [...path, ""]));
  const named = path.length === 1 && USER_NAMED.has(path[0] ?? "");
  return Object.fromEntries(
    [...node.entries].flatMap(([key, value]) =>
      key.startsWith("x-") && !named ? [] : [[key, plain(value, [...path, key])]],
    ),
  );
}

type Issue = z.core.$ZodIssue;

function problemsOf(issue: Issue, above: Path, root: MapNode, schema: z.core.$ZodType): Problem[] {
  const path = [...above, ...issue.path.map(String)];
  const at = nearestNode(root, path).at;
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => {
      const meant = nearest(key, knownKeys(path, schema));
      return {
        at: nearestNode(root, [...path, key]).at,
        path: [...path, key],
        reason: "there is no such key",
        ...(meant ? { suggestion: `did you mean ${meant}?` } : {}),
      };
    });
  if (issue.code === "invalid_union") {
    const best = bestBranch(issue.errors);
    if (best) return best.flatMap((inner) => problemsOf(inner, path, root, schema));
    const wanted = [...new Set(issue.errors.flat().map(expected))].join(" or ");
    return [{ at, path, reason: `must be ${wanted}` }];
  }
  if (issue.code === "invalid_type")
    return [{ at, path, reason: missing(root, path) ? "is missing" : `must be ${expected(issue)}` }];
  if (issue.code === "invalid_value")
    return [{ at, path, reason: `${missing(root, path) ? "is missing: it" : ""} must be ${expected(issue)}`.trim() }];
  if (issue.code === "invalid_key") return [{ at, path, reason: issue.issues[0]?.message ?? issue.message }];
  return [{ at, path, reason: issue.message }];
}

/** The form that was meant: the one whose mistakes lie inside it, not in its kind. */
function bestBranch(branches: Issue[][]): Issue[] | undefined {
  return branches.find(
    (issues) =>
      issues.every(({ code, path }) => code !== "invalid_type" || path.length > 0) &&
      !issues.every(({ code, path }) => code === "invalid_value" && path.length === 0),
  );
}

function missing(root: MapNode, path: Path): boolean {
  const parent = nearestNode(root, path.slice(0, -1));
  return parent.kind === "map" && !parent.entries.has(path.at(-1) ?? "");
}

const KINDS: Record<string, string> = {
  string: "text",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
  null: "nothing",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
};

function expected(issue: Issue): string {
  if (issue.code === "invalid_value")
    return issue.values
      .map(String)
      .join(", ")
      .replace(/, ([^,]*)$/, " or $1");
  if (issue.code === "invalid_type") return KINDS[issue.expected] ?? issue.expected;
  if (issue.code === "invalid_union") return [...new Set(issue.errors.flat().map(expected))].join(" or ");
  return issue.message;
}

/** Keys that may stand at a path, by walking the schema as the path goes. */
function knownKeys(path: Path, schema: z.core.$ZodType): string[] {
  let found: z.core.$ZodType[] = [schema];
  for (const part of path) found = found.flatMap((schema) => below(schema, part));
  return found.flatMap((schema) => shapes(schema).flatMap((shape) => Object.keys(shape)));
}

function below(schema: z.core.$ZodType, part: string): z.core.$ZodType[] {
  if (schema instanceof z.ZodOptional) return below(schema.unwrap(), part);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => below(option, part));
  if (schema instanceof z.ZodArray) return [schema.element];
  if (schema instanceof z.ZodRecord) return [schema.valueType];
  return shapes(schema).flatMap((shape) => (shape[part] ? [shape[part]] : []));
}

function shapes(schema: z.core.$ZodType): z.core.$ZodShape[] {
  if (schema instanceof z.ZodOptional) return shapes(schema.unwrap());
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => shapes(option));
  return schema instanceof z.ZodObject ? [schema.shape] : [];
}
