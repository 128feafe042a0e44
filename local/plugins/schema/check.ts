import type { CheckCall, Checked, Failure } from "../engine/provider.ts";
import { Archive, Asset, isProperties, type Properties, UNKNOWN, type Value } from "../engine/values.ts";
import { DEFAULTS, elementOf, type Field, type Fields } from "./fields.ts";
import { autoname, type NameRule } from "./naming.ts";

/** What is given, converted and completed, and everything that is wrong with it. */
export function checkInputs(fields: Fields, call: CheckCall, nameRule?: NameRule): Checked {
  const failures: Failure[] = [];
  const inputs: Properties = {};
  const defaults: string[] = [];
  for (const [property, value] of Object.entries(call.inputs)) {
    const field = fields[property];
    if (property.startsWith("__")) continue;
    if (field) inputs[property] = convert(field, value, property, failures);
    else
      failures.push({ property, reason: `Invalid or unknown key; known are ${Object.keys(fields).sort().join(", ")}` });
  }
  for (const [property, field] of Object.entries(fields)) {
    if (inputs[property] !== undefined || field.default === undefined) continue;
    inputs[property] = field.default;
    defaults.push(property);
  }
  if (nameRule && inputs.name === undefined) {
    const name = autoname(nameRule, call);
    if (typeof name === "string") inputs.name = name;
    else failures.push(name);
    defaults.push("name");
  }
  for (const [property, field] of Object.entries(fields)) {
    if (field.required && inputs[property] === undefined) failures.push(missing(property));
  }
  return { inputs: { ...inputs, [DEFAULTS]: defaults.sort() }, failures };
}

/** Whether the program gave the property itself. */
export function isExplicit(inputs: Properties, property: string): boolean {
  const defaults = inputs[DEFAULTS];
  return inputs[property] !== undefined && !(Array.isArray(defaults) && defaults.includes(property));
}

function missing(property: string): Failure {
  return {
    property,
    reason: `Missing required argument: The argument "${property}" is required, but no definition was found`,
  };
}

function convert(field: Field, value: Value, path: string, failures: Failure[]): Value {
  if (value === UNKNOWN) return value;
  switch (field.type) {
    case "string":
      return string(field, value, path, failures);
    case "integer":
    case "number":
      return number(field, value, path, failures);
    case "boolean":
      return boolean(value, path, failures);
    case "set":
    case "list":
      return list(field, value, path, failures);
    case "map":
    case "object":
      return object(field, value, path, failures);
    default:
      return value;
  }
}

function string(field: Field, value: Value, path: string, failures: Failure[]): Value {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string") return refuse(value, "a string", path, failures);
  if (field.nonEmpty && value === "") fail(path, `expected "${path}" to be not empty`, failures);
  if (field.pattern && !field.pattern.test.test(value)) fail(path, field.pattern.reason, failures);
  // An empty computed value is one that nobody gave: a volume without a file system, taken over.
  const unset = field.computed === true && value === "";
  if (field.values && !unset && !field.values.includes(value)) {
    const allowed = field.values.map((one) => JSON.stringify(one)).join(" ");
    fail(path, `expected ${path} to be one of [${allowed}], got ${value}`, failures);
  }
  return value;
}

function number(field: Field, value: Value, path: string, failures: Failure[]): Value {
  const given = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof given !== "number" || Number.isNaN(given)) return refuse(value, "a number", path, failures);
  if (field.type === "integer" && !Number.isInteger(given)) return refuse(value, "a whole number", path, failures);
  if (field.minimum !== undefined && given < field.minimum) {
    fail(path, `expected ${path} to be at least (${field.minimum}), got ${given}`, failures);
  }
  if (field.maximum !== undefined && given > field.maximum) {
    fail(path, `expected ${path} to be at most (${field.maximum}), got ${given}`, failures);
  }
  return given;
}

function boolean(value: Value, path: string, failures: Failure[]): Value {
  if (typeof value === "boolean") return value;
  if (value === "true" || value === "false") return value === "true";
  return refuse(value, "true or false", path, failures);
}

function list(field: Field, value: Value, path: string, failures: Failure[]): Value {
  if (!Array.isArray(value)) return refuse(value, "a list", path, failures);
  return value.map((item, index) => convert(elementOf(field), item, `${path}[${index}]`, failures));
}

function object(field: Field, value: Value, path: string, failures: Failure[]): Value {
  if (!isProperties(value)) return refuse(value, "an object", path, failures);
  const result: Properties = {};
  for (const [name, part] of Object.entries(value)) {
    const known = field.fields ? field.fields[name] : elementOf(field);
    if (name.startsWith("__")) continue;
    if (part === null || part === undefined) continue;
    if (known) result[name] = convert(known, part, `${path}.${name}`, failures);
    else fail(`${path}.${name}`, "Invalid or unknown key", failures);
  }
  for (const [name, part] of Object.entries(field.fields ?? {})) {
    if (result[name] === undefined && part.default !== undefined) result[name] = part.default;
    if (result[name] === undefined && part.required) failures.push(missing(`${path}.${name}`));
  }
  return result;
}

function refuse(value: Value, expected: string, path: string, failures: Failure[]): Value {
  const given = value instanceof Asset || value instanceof Archive ? "an asset" : JSON.stringify(value);
  fail(path, `expected ${path} to be ${expected}, got ${given}`, failures);
  return value;
}

function fail(property: string, reason: string, failures: Failure[]): void {
  failures.push({ property, reason });
}
