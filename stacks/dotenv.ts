import { UserError } from "../domain/errors.ts";
import { nearest } from "../domain/spelling.ts";

/** What a `.env` file says, as stack config. */
export interface DotenvConfig {
  /** Full config keys (`windlass:region`) with their values, as `pulumi config set` takes them. */
  values: Record<string, string>;
  /** The same for what must be kept encrypted (`digitalocean:token`, with `--secret`). */
  secrets: Record<string, string>;
}

/** The `.env` name of each config key, in the order in which they are written. */
const NAMES: readonly (readonly [name: string, key: string])[] = [
  ["DO_API_TOKEN", "digitalocean:token"],
  ["DO_REGION", "windlass:region"],
  ["DO_SIZE_GPU", "windlass:gpuSize"],
  ["DO_SIZE_CPU", "windlass:sizeCpu"],
  ["DO_VOLUME_SIZE_GB", "windlass:volumeSizeGiB"],
  ["DO_VOLUME_ID", "windlass:volumeId"],
  ["DOCKER_IMAGE_TRAIN", "windlass:dockerImageTrain"],
  ["DOCKER_IMAGE_INFERENCE", "windlass:dockerImageInference"],
  ["VPC_UUID", "windlass:vpcId"],
  ["INFERENCE_DOMAIN", "windlass:inferenceDomain"],
  ["SSL_CERT_PATH", "windlass:sslCertPath"],
  ["AUTO_SHUTDOWN_HOURS", "windlass:autoShutdownHours"],
  ["SNAPSHOT_ON_STOP", "windlass:snapshotOnStop"],
  ["MAX_MONTHLY_SPEND_USD", "windlass:maxMonthlySpendUsd"],
];

const SECRET_KEYS = new Set(["digitalocean:token"]);

/**
 * Reads a `.env` file into stack config. Values are not judged here: that is loadConfig's work. Throws UserError
 * `ConfigInvalid` with every line that is no assignment, names something unknown, or names something twice. Secrets never appear in messages.
 */
export function importDotenv(text: string, file = ".env"): DotenvConfig {
  const config: DotenvConfig = { values: {}, secrets: {} };
  const seen = new Map<string, number>();
  const problems = text.split(/\r?\n/).flatMap((line, index) => {
    const problem = /^\s*(#|$)/.test(line) ? undefined : take(line, index + 1, seen, config);
    return problem ? [`${file}:${index + 1}: ${problem}`] : [];
  });
  if (problems.length > 0) throw new UserError("ConfigInvalid", { reason: problems.join("\n"), problems, file });
  return config;
}

/** Takes one assignment into the config and answers with what is wrong with it. */
function take(line: string, number: number, seen: Map<string, number>, config: DotenvConfig): string | undefined {
  const assignment = parseAssignment(line);
  if (!assignment) return "is no NAME=value assignment";
  const before = seen.get(assignment.name);
  if (before) return `${assignment.name} is already set on line ${before}`;
  seen.set(assignment.name, number);
  const key = NAMES.find(([name]) => name === assignment.name)?.[1];
  if (!key) return unknownName(assignment.name);
  if (assignment.value !== "") (SECRET_KEYS.has(key) ? config.secrets : config.values)[key] = assignment.value;
  return undefined;
}

/** Writes config as a `.env` file that importDotenv reads back to the same; keys that have no `.env` name are left out. */
export function exportDotenv(config: DotenvConfig): string {
  const all = { ...config.values, ...config.secrets };
  const lines = NAMES.flatMap(([name, key]) => (all[key] === undefined ? [] : [`${name}=${quote(all[key])}`]));
  return lines.map((line) => `${line}\n`).join("");
}

function unknownName(name: string): string {
  const names = NAMES.map(([known]) => known);
  const near = nearest(name, names);
  return `unknown name ${name}; ${near ? `did you mean ${near}?` : `known names: ${names.join(", ")}`}`;
}

function parseAssignment(line: string): { name: string; value: string } | undefined {
  const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*)$/s.exec(line);
  if (!match?.[1]) return undefined;
  const value = parseValue(match[2] ?? "");
  return value === undefined ? undefined : { name: match[1], value };
}

/** Single quotes keep everything, double quotes know `\"` and `\\`, bare values end at ` #`. */
function parseValue(written: string): string | undefined {
  const single = /^'([^']*)'\s*(?:#.*)?$/s.exec(written);
  if (single) return single[1];
  const double = /^"((?:[^"\\]|\\.)*)"\s*(?:#.*)?$/s.exec(written);
  if (double) return double[1]?.replace(/\\(["\\$`])/g, "$1");
  if (/^["']/.test(written)) return undefined;
  return written.replace(/(^|\s)#.*$/s, "").trim();
}

function quote(value: string): string {
  if (/^[\w./:@+-]+$/.test(value)) return value;
  return value.includes("'") ? `"${value.replace(/["\\$`]/g, "\\$&")}"` : `'${value}'`;
}
