// The program of the throw-away projects: it makes what program.json says, so that tests are data.
import { readFileSync } from "node:fs";
import * as cloudflare from "@pulumi/cloudflare";
import * as command from "@pulumi/command";
import * as digitalocean from "@pulumi/digitalocean";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

interface Declared {
  name: string;
  type: string;
  args: Record<string, unknown>;
  options?: Record<string, unknown>;
}

const packages: Record<string, unknown> = { cloudflare, command, digitalocean, docker };
const made: Record<string, Record<string, unknown>> = {};

/** `{"$ref": "web.id"}`, `{"$number": "web.id"}`, `{"$secret": x}`, `{"$text": "web.id"}` (as part of a text), `{"$file": path}`, `{"$call": "getVpc", ...}`. */
function value(given: unknown): unknown {
  if (Array.isArray(given)) return given.map(value);
  if (given === null || typeof given !== "object") return given;
  const { $ref, $number, $secret, $file, $folder, $string, $call, args, pick } = given as Record<string, any>;
  if ($ref !== undefined) return reference($ref);
  if ($number !== undefined) return pulumi.output(reference($number) as pulumi.Input<string>).apply(Number);
  if ($secret !== undefined) return pulumi.secret(value($secret));
  if ($file !== undefined) return new pulumi.asset.FileAsset($file);
  if ($folder !== undefined) return new pulumi.asset.FileArchive($folder);
  if ($string !== undefined) return new pulumi.asset.StringAsset($string);
  if ($call !== undefined)
    return (pulumi.output(lookUp($call)(args)) as pulumi.Output<any>).apply((result) => (pick ? result[pick] : result));
  return Object.fromEntries(Object.entries(given).map(([name, part]) => [name, value(part)]));
}

function reference(path: string): unknown {
  const [name, property] = path.split(".") as [string, string];
  return made[name]?.[property];
}

function lookUp(name: string): (args: unknown) => Promise<unknown> {
  return (digitalocean as Record<string, any>)[name];
}

function classOf(type: string): new (name: string, args: unknown, options: unknown) => Record<string, unknown> {
  const [pkg, path] = type.split(":") as [string, string];
  return path.split(".").reduce<any>((place, step) => place[step], packages[pkg]);
}

for (const { name, type, args, options } of JSON.parse(readFileSync("program.json", "utf8")) as Declared[]) {
  const { dependsOn, provider, ...others } = options ?? {};
  const rest = provider ? { ...others, provider: made[provider as string] } : others;
  const after = (dependsOn as string[] | undefined)?.map((one) => made[one]);
  made[name] = new (classOf(type))(name, value(args), { ...rest, dependsOn: after });
}

export const outputs = Object.fromEntries(
  Object.entries(made).map(([name, resource]) => [name, pulumi.output(resource.id as string)]),
);
