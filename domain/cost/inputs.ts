/** A resource as a plan and a state describe it. */
export interface Resource {
  /** `digitalocean:index/droplet:Droplet`. */
  type: string;
  name: string;
  inputs: Readonly<Record<string, unknown>>;
  /** From a state: what the provider found out. */
  outputs?: Readonly<Record<string, unknown>>;
  /** False for components, which are only names for what is in them. */
  custom?: boolean;
  urn?: string;
  id?: string;
  /** URN of what it is in. */
  parent?: string;
  /** URNs that an input was made from, by input. */
  propertyDependencies?: Readonly<Record<string, readonly string[]>>;
  /** What an input refers to, where the whole plan is at hand. */
  related?: Readonly<Record<string, Resource>>;
  /** Of a reserved address: whether something in the plan assigns it. */
  assigned?: boolean;
}

/** Why a resource has no price: for the report, not a mistake of the program. */
export class NotPriced extends Error {}

/** What the engine writes for a value that is not known before the update. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** Pulumi's mark on a secret: its text is not ours to read. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";

export type Values = Readonly<Record<string, unknown>>;

export function isUnknown(value: unknown): boolean {
  return value === UNKNOWN || (typeof value === "object" && value !== null && SIGNATURE in value);
}

/** A text that must be there. */
export function text(values: Values, key: string): string {
  const value = values[key];
  if (typeof value === "string" && value !== "" && !isUnknown(value)) return value;
  throw new NotPriced(`${key} ${value === undefined ? "is not set" : "is not known before the update"}`);
}

export function optionalText(values: Values, key: string): string | undefined {
  return values[key] === undefined || values[key] === null ? undefined : text(values, key);
}

/** A whole number that is 0 or more, as all sizes and counts are; `otherwise` where it is not set. */
export function amount(values: Values, key: string, otherwise?: number): number {
  const value = values[key];
  if ((value === undefined || value === null) && otherwise !== undefined) return otherwise;
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= 0) return number;
  if (typeof number === "number") throw new NotPriced(`${key} is ${number}, not an amount`);
  throw new NotPriced(`${key} ${value === undefined ? "is not set" : "is not known before the update"}`);
}

export function flag(values: Values, key: string): boolean {
  if (isUnknown(values[key])) throw new NotPriced(`${key} is not known before the update`);
  return values[key] === true;
}

/** An object that may be left out. */
export function part(values: Values, key: string): Values | undefined {
  const value = values[key];
  if (isUnknown(value)) throw new NotPriced(`${key} is not known before the update`);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Values) : undefined;
}

export function list(values: Values, key: string): Values[] {
  const value = values[key];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.some(isUnknown)) throw new NotPriced(`${key} is not known before the update`);
  return value as Values[];
}
