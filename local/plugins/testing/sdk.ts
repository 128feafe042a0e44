import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import type { Fields } from "../schema/fields.ts";
import type { NameRule } from "../schema/naming.ts";

/** What a resource type declares, as far as the SDK does too. */
interface DeclaredType {
  readonly token: string;
  readonly inputs: Fields;
  readonly name?: NameRule;
}

/**
 * Tests that every type has the inputs and outputs of its class in the SDK.
 * @param outputsOf what only the cloud tells
 * @returns the types by the names of their classes, for further tests
 */
export function testAgainstSdk<T extends DeclaredType>(
  sdk: string,
  types: Iterable<T>,
  outputsOf: (type: T) => readonly string[],
): (readonly [name: string, type: T])[] {
  const named = [...types].map((type) => [type.token.split(":").at(-1) as string, type] as const);

  test.each(named)("%s has the SDK's inputs, and requires what the SDK requires", (name, { inputs, name: rule }) => {
    const args = membersOf(sdk, fileOf(name), `export interface ${name}Args`);
    expect(Object.keys(inputs).sort()).toEqual(Object.keys(args).sort());
    const required = Object.keys(inputs).filter((key) => inputs[key]?.required && !(rule && key === "name"));
    expect(required.sort()).toEqual(
      Object.keys(args)
        .filter((key) => !args[key])
        .sort(),
    );
  });

  test.each(named)("%s gives every output the SDK has", (name, type) => {
    const outputs = Object.keys(membersOf(sdk, fileOf(name), `export declare class ${name}`));
    expect(outputs.length).toBeGreaterThan(0);
    const given = new Set([...Object.keys(type.inputs), ...outputsOf(type)]);
    expect(outputs.filter((key) => !given.has(key))).toEqual([]);
  });

  return named;
}

/**
 * The members of an interface, or of a class's outputs, in an SDK's declarations: by name, whether it may be left out.
 * @param opening how its declaration begins, as in `export interface VolumeArgs`
 */
export function membersOf(sdk: string, file: string, opening: string): Record<string, boolean> {
  const folder = dirname(createRequire(import.meta.url).resolve(`${sdk}/package.json`));
  const text = readFileSync(join(folder, `${file}.d.ts`), "utf8").replace(/\/\*\*[\s\S]*?\*\//g, "");
  const body = text.slice(text.indexOf(`${opening} `)).split("\n}")[0] ?? "";
  const pattern = /^ {4}(?:readonly )?(\w+)(\?)?: /gm;
  return Object.fromEntries([...body.matchAll(pattern)].map(([, key, optional]) => [key, optional === "?"]));
}

/** The file of a class: its name with a small letter first. */
function fileOf(name: string): string {
  return name[0]?.toLowerCase() + name.slice(1);
}
