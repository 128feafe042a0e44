import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** What the SDK's class of a resource type says of it. */
export interface SdkClass {
  inputs: string[];
  required: string[];
  /** What only the cloud tells. */
  outputs: string[];
}

/** Reads the SDK's class of a type; undefined where the SDK has none. @param type as in `digitalocean:index/loadBalancer:LoadBalancer` */
export function sdkClass(type: string): SdkClass | undefined {
  const word = /^digitalocean:index\/([a-zA-Z0-9]+):/.exec(type)?.[1];
  const folder = dirname(createRequire(import.meta.url).resolve("@pulumi/digitalocean/package.json"));
  const file = join(folder, `${word}.js`);
  if (!word || !existsSync(file)) return undefined;
  const text = readFileSync(file, "utf8");
  if (!text.includes(`__pulumiType = '${type}'`)) return undefined;
  return {
    inputs: all(text, /resourceInputs\["(\w+)"\] = (?!state\b|undefined\b)/g),
    required: all(text, /Missing required property '(\w+)'/g),
    outputs: all(text, /resourceInputs\["(\w+)"\] = undefined \/\*out\*\//g),
  };
}

function all(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1] as string))];
}
