import structs from "google-protobuf/google/protobuf/struct_pb.js";

type Struct = InstanceType<typeof structs.Struct>;

/** The class of the one value below. */
export class Unknown {
  readonly unknown = true;
}

/** A value that only the real update will know; the engine sends it in previews. */
export const UNKNOWN = new Unknown();

/** A value the engine keeps encrypted in the state. */
export class Secret {
  readonly value: Value;

  constructor(value: Value) {
    this.value = value;
  }
}

/** One file or text handed to a resource. `hash` is the engine's, over the content. */
export class Asset {
  readonly hash: string | undefined;
  readonly path: string | undefined;
  readonly text: string | undefined;
  readonly uri: string | undefined;

  constructor(of: { hash?: string; path?: string; text?: string; uri?: string }) {
    this.hash = of.hash;
    this.path = of.path;
    this.text = of.text;
    this.uri = of.uri;
  }
}

/** A folder, an archive file, or a map of assets, handed to a resource. */
export class Archive {
  readonly hash: string | undefined;
  readonly path: string | undefined;
  readonly uri: string | undefined;
  readonly assets: Properties | undefined;

  constructor(of: { hash?: string; path?: string; uri?: string; assets?: Properties }) {
    this.hash = of.hash;
    this.path = of.path;
    this.uri = of.uri;
    this.assets = of.assets;
  }
}

export type Value = null | boolean | number | string | Unknown | Secret | Asset | Archive | Value[] | Properties;

/** The inputs or outputs of a resource. */
export interface Properties {
  [name: string]: Value;
}

// The markers of the engine's wire format: sdk/go/common/resource/sig and sdk/nodejs/runtime/rpc.ts.
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";
const UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const UNKNOWNS = new Set([
  UNKNOWN_STRING,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/** What the engine sent, with secrets, unknowns and assets as objects; properties that are null are left out. */
export function decode(struct: Struct | undefined): Properties {
  const properties: Properties = {};
  for (const [name, value] of Object.entries((struct?.toJavaScript() ?? {}) as Record<string, unknown>)) {
    if (value !== null) properties[name] = fromWire(value);
  }
  return properties;
}

/** The wire form of what `decode` gives. */
export function encode(properties: Properties): Struct {
  return structs.Struct.fromJavaScript(toWire(properties) as Record<string, never>);
}

function fromWire(value: unknown): Value {
  if (typeof value === "string") return UNKNOWNS.has(value) ? UNKNOWN : value;
  if (value === null || typeof value !== "object") return value as Value;
  if (Array.isArray(value)) return value.map(fromWire);
  const object = value as Record<string, unknown>;
  if (object[SIGNATURE] === SECRET) return new Secret(fromWire(object.value));
  if (object[SIGNATURE] === ASSET) return new Asset(object as Partial<Asset> as Asset);
  if (object[SIGNATURE] === ARCHIVE) {
    return new Archive({
      ...object,
      assets: object.assets ? (mapValues(object.assets, fromWire) as Properties) : undefined,
    });
  }
  return mapValues(object, fromWire) as Properties;
}

function toWire(value: Value): unknown {
  if (value === UNKNOWN) return UNKNOWN_STRING;
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(toWire);
  if (value instanceof Secret) return { [SIGNATURE]: SECRET, value: toWire(value.value) };
  if (value instanceof Asset) return { [SIGNATURE]: ASSET, ...mapValues(value, (part) => part) };
  if (value instanceof Archive) return { [SIGNATURE]: ARCHIVE, ...mapValues(value, (part) => toWire(part as Value)) };
  return mapValues(value, (part) => toWire(part as Value));
}

/** Properties that are undefined are left out: the wire has no such value. */
function mapValues(object: object, change: (value: unknown) => unknown): Record<string, unknown> {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, change(value)]));
}

/** The same value with the secret wrappers taken off. */
export function reveal<T extends Value>(value: T): T {
  return revealed(value) as T;
}

function revealed(value: Value): Value {
  if (value instanceof Secret) return revealed(value.value);
  if (Array.isArray(value)) return value.map(revealed);
  if (isProperties(value)) return mapValues(value, (part) => revealed(part as Value)) as Properties;
  return value;
}

/** Wraps in `value` what was secret at the same place in `original`; a list that was reordered becomes secret as a whole. */
export function rewrap<T extends Value>(original: Value | undefined, value: T): T | Secret {
  return rewrapped(original, value) as T | Secret;
}

function rewrapped(original: Value | undefined, value: Value): Value {
  if (original === undefined || value === undefined || value instanceof Secret) return value;
  if (original instanceof Secret) return new Secret(value);
  if (isProperties(original) && isProperties(value)) {
    return mapEntries(value, (name, part) => rewrapped(original[name], part));
  }
  if (!contains(original, isSecret)) return value;
  if (Array.isArray(original) && Array.isArray(value) && same(revealed(original), value)) {
    return value.map((item, index) => rewrapped(original[index], item));
  }
  return new Secret(value);
}

/** `rewrap` for all properties: what was secret in any of `originals` stays secret. */
export function rewrapAll(properties: Properties, ...originals: Properties[]): Properties {
  return originals.reduce<Properties>(
    (result, original) => mapEntries(result, (name, value) => rewrapped(original[name], value)),
    properties,
  );
}

function mapEntries(properties: Properties, change: (name: string, value: Value) => Value): Properties {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, change(name, value)]));
}

/** Whether the value, or anything in it, is unknown. */
export function hasUnknown(value: Value | undefined): boolean {
  return value !== undefined && contains(value, (part) => part === UNKNOWN);
}

function isSecret(value: Value): boolean {
  return value instanceof Secret;
}

function contains(value: Value, test: (part: Value) => boolean): boolean {
  if (test(value)) return true;
  if (value instanceof Secret) return contains(value.value, test);
  if (value instanceof Archive) return value.assets !== undefined && contains(value.assets, test);
  if (Array.isArray(value)) return value.some((part) => contains(part, test));
  return isProperties(value) && Object.values(value).some((part) => contains(part, test));
}

/** Whether it is a plain map of properties. */
export function isProperties(value: Value | undefined): value is Properties {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    value !== UNKNOWN &&
    !(value instanceof Secret) &&
    !(value instanceof Asset) &&
    !(value instanceof Archive)
  );
}

/** Whether two revealed values are equal; assets and archives are equal when their contents are (`hash`). */
export function same(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((part, i) => same(part, b[i]));
  if (a instanceof Secret || b instanceof Secret) return same(revealed(a), revealed(b));
  if (a instanceof Asset) return b instanceof Asset && sameContent(a, b);
  if (a instanceof Archive) return b instanceof Archive && sameContent(a, b);
  if (!isProperties(a) || !isProperties(b)) return false;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => same(a[name], b[name]));
}

function sameContent(a: Asset | Archive, b: Asset | Archive): boolean {
  if (a.hash && b.hash) return a.hash === b.hash;
  return JSON.stringify(a) === JSON.stringify(b);
}
