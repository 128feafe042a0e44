import { z } from "zod";
import { BUDGET_ACTIONS, type BudgetAction } from "../domain/budget.ts";
import { TAG_PATTERN } from "../domain/tags.ts";
import { networkProblem, vpcRangeProblem } from "./network-rules.ts";
import { sizeProblem } from "./size-rules.ts";

/** One thing that is wrong with a value, ready to be located in the file. */
export interface Problem {
  key: string;
  /** Position in a list, where it is one item that is wrong. */
  item?: number;
  given?: string;
  reason: string;
  fix: string;
}

/** What a rule says against a value: what is allowed and what to do, or nothing where it is right. */
export type Verdict = { reason: string; fix: string } | undefined;

interface Field<T> {
  schema: z.ZodType<T, string>;
  /** How a value must look, with its unit and range. */
  allowed: string;
  fix: string;
}

function text(pattern: RegExp, allowed: string, fix = "change it"): Field<string> {
  return { schema: z.string().regex(pattern), allowed, fix };
}

function ruled(rule: (value: string) => Verdict): Field<string> {
  return { schema: z.string().superRefine((value, context) => judge(rule(value), context)), allowed: "", fix: "" };
}

function judge(verdict: Verdict, context: z.RefinementCtx, path?: number[]): void {
  if (verdict) context.addIssue({ code: "custom", message: verdict.reason, params: { fix: verdict.fix }, path });
}

function number(from: number, to: number, unit: string, options: { whole: boolean }): Field<number> {
  const parsed = z
    .string()
    .regex(/^\s*-?\d+(\.\d+)?\s*$/)
    .transform(Number);
  const range = z.number().min(from).max(to);
  return {
    schema: parsed.pipe(options.whole ? range.int() : range),
    allowed: `a ${options.whole ? "whole " : ""}number from ${from} to ${to} (${unit})`,
    fix: "change it",
  };
}

function yesNo(): Field<boolean> {
  const schema = z.enum(["true", "false"]).transform((value) => value === "true") as z.ZodType<boolean, string>;
  return { schema, allowed: "true or false", fix: "change it" };
}

/** A number with a unit, or `off`. */
function timer(from: number, to: number, unit: string): Field<number | "off"> {
  const on = number(from, to, unit, { whole: false });
  const schema = z.union([z.literal("off"), on.schema]) as z.ZodType<number | "off", string>;
  return { schema, allowed: `${on.allowed}, or off`, fix: "change it" };
}

function list(rule: (item: string) => Verdict, allowed: string, options: { least: number }): Field<string[]> {
  const schema = z.string().transform((value, context) => {
    const items = parseList(value);
    if (!items || items.length < options.least) {
      context.addIssue({ code: "custom", message: `must be ${allowed}`, params: { fix: "give it as a YAML list" } });
      return z.NEVER;
    }
    items.forEach((item, index) => {
      judge(rule(item), context, [index]);
    });
    return items;
  });
  return { schema, allowed, fix: "change it" };
}

/** Numbers, as a YAML list or comma separated. */
function numbers(from: number, to: number, unit: string): Field<number[]> {
  const allowed = `a list of numbers from ${from} to ${to} (${unit})`;
  const schema = z.string().transform((value, context) => {
    const items = parseNumbers(value);
    if (!items || items.length === 0) {
      context.addIssue({ code: "custom", message: `must be ${allowed}`, params: { fix: "give it as a YAML list" } });
      return z.NEVER;
    }
    items.forEach((item, index) => {
      const right = item >= from && item <= to;
      const reason = `${item} is no number from ${from} to ${to} (${unit})`;
      judge(right ? undefined : { reason, fix: "change it" }, context, [index]);
    });
    return items;
  });
  return { schema, allowed, fix: "change it" };
}

function parseNumbers(value: string): number[] | undefined {
  const inner = /^\s*\[(.*)\]\s*$/s.exec(value)?.[1] ?? value;
  const items = inner.split(",").map((item) => item.trim().replace(/^"(.*)"$/, "$1"));
  return items.every((item) => /^-?\d+(\.\d+)?$/.test(item)) ? items.map(Number) : undefined;
}

function parseList(value: string): string[] | undefined {
  if (!value.trim().startsWith("["))
    return value
      .split(",")
      .map((item) => item.trim())
      .filter(Boolean);
  try {
    const items: unknown = JSON.parse(value);
    return Array.isArray(items) && items.every((item) => typeof item === "string") ? items : undefined;
  } catch {
    return undefined;
  }
}

const NAME = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
const NAME_RULE = "1 to 63 lower-case letters, digits and dashes, a letter first";
const SLUG = /^[a-z0-9][a-z0-9._-]*$/;
const ID = /^[A-Za-z0-9][A-Za-z0-9-]*$/;
const FOLDER = /^(\/[A-Za-z0-9._-]+){2,}\/?$/;
const FOLDER_RULE = "an absolute path of at least two parts, of letters, digits, dots, dashes and underscores";
const REGION = /^[a-z]{3}\d$/;
const REGION_RULE = "a region slug such as tor1, nyc2 or ams3";
const IMAGE_REFERENCE = /^[a-z0-9][a-z0-9./:@_-]*$/;

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

/** A rule of a list from a pattern. */
function matching(pattern: RegExp, what: string, fix: string): (item: string) => Verdict {
  return (item) => (pattern.test(item) ? undefined : { reason: `${JSON.stringify(item)} is no ${what}`, fix });
}

const emailProblem = matching(EMAIL, "e-mail address", "for example me@example.com");
const folderProblem = matching(/^(\/[A-Za-z0-9._-]+)+\/?$/, "absolute path of a folder", "for example /home");
const regionProblem = matching(REGION, "region slug", `use ${REGION_RULE}`);

function tagProblem(tag: string): Verdict {
  if (TAG_PATTERN.test(tag)) return undefined;
  return {
    reason: `${JSON.stringify(tag)} is no tag`,
    fix: "use letters, digits, colons, dashes and underscores, at most 255",
  };
}

/** Every key of `windlass:` with its rule. The meaning of each is documented at StackConfig. */
export const fields = {
  cloud: { schema: z.enum(["local", "digitalocean"]), allowed: "local or digitalocean", fix: "choose one" } as Field<
    "local" | "digitalocean"
  >,
  project: text(NAME, NAME_RULE),
  region: text(REGION, REGION_RULE),
  gpuRegion: text(REGION, REGION_RULE),
  gpuSize: ruled(sizeProblem),
  image: text(SLUG, "an image slug such as gpu-h100x1-base, or a snapshot's id"),
  nodeName: text(NAME, NAME_RULE),
  volumeName: text(NAME, NAME_RULE),
  volumeSizeGiB: number(1, 16384, "GiB", { whole: true }),
  volumeId: text(ID, "the id of a volume", "see `doctl compute volume list`"),
  mountPoint: text(FOLDER, FOLDER_RULE, "for example /mnt/finance-smollm3"),
  vpcId: text(ID, "the id of a VPC", "see `doctl vpcs list`"),
  vpcIpRange: ruled(vpcRangeProblem),
  sshAllowedAddresses: list(networkProblem, "a list of at least one network", { least: 1 }),
  sshKeyFile: text(/\S/, "the path of a private key"),
  repositoryUrl: text(/^\S+$/, "a URL or a local path", "for example https://github.com/owner/name.git, or `.`"),
  repositoryRef: text(/^(?!-)[\w./-]+$/, "a branch, tag or commit"),
  repositoryPath: text(FOLDER, FOLDER_RULE, "for example /opt/smol-train"),
  dataSource: text(/\S/, "the path of a local folder"),
  dataTarget: text(FOLDER, FOLDER_RULE, "for example /mnt/finance-smollm3/data"),
  trainingCommand: text(/\S/, "a shell command"),
  bootstrap: yesNo(),
  maxMonthlySpendUsd: number(0.01, 1_000_000, "US dollars", { whole: false }),
  maxAccountSpendUsd: number(0.01, 10_000_000, "US dollars", { whole: false }),
  budgetThresholds: numbers(1, 1000, "percent"),
  budgetAction: {
    schema: z.enum(BUDGET_ACTIONS),
    allowed: "alert, refuse, stop-idle or stop-all",
    fix: "choose one",
  } as Field<BudgetAction>,
  autoShutdownHours: timer(0.1, 8760, "hours"),
  expireStoppedDays: timer(0.1, 3650, "days"),
  maxLifetimeHours: timer(0.1, 87_600, "hours"),
  idleGpuPercent: number(0, 100, "percent", { whole: false }),
  sampleSeconds: number(5, 3600, "seconds", { whole: true }),
  noticeMinutes: number(0, 10_080, "minutes", { whole: false }),
  watchAlarmHours: timer(0.1, 720, "hours"),
  prometheusUrl: text(/^https?:\/\/\S+$/, "the URL of a Prometheus server"),
  slackWebhookUrl: text(/^https?:\/\/\S+$/, "the URL of a Slack webhook"),
  smtpUrl: text(/^smtps?:\/\/\S+$/, "a URL such as smtps://user:password@mail.example.com"),
  emailFrom: text(EMAIL, "an e-mail address"),
  emailTo: list(emailProblem, "a list of e-mail addresses", { least: 1 }),
  snapshotOnStop: yesNo(),
  stopStrategy: {
    schema: z.enum(["auto", "snapshot", "golden"]),
    allowed: "auto, snapshot or golden",
    fix: "choose one",
  } as Field<"auto" | "snapshot" | "golden">,
  goldenImage: text(SLUG, "an image slug such as gpu-h100x1-base, or a snapshot's id"),
  keepPaths: list(folderProblem, "a list of folders of the root disk", { least: 0 }),
  stopHook: text(/\S/, "a shell command"),
  stopHookMinutes: number(0.1, 1440, "minutes", { whole: false }),
  fallbackSizes: list(sizeProblem, "a list of GPU sizes", { least: 0 }),
  reservedIp: yesNo(),
  detachedVolumeDays: timer(0.1, 3650, "days"),
  snapshotDays: timer(0.1, 3650, "days"),
  snapshotsKept: number(1, 1000, "snapshots for each node", { whole: true }),
  backupBucket: text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "the name of a bucket"),
  backupEndpoint: text(/^https?:\/\/\S+$/, "the URL of an S3-compatible storage"),
  backupCopyBucket: text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "the name of a bucket"),
  backupCopyEndpoint: text(/^https?:\/\/\S+$/, "the URL of an S3-compatible storage in another region"),
  backupEveryHours: timer(0.1, 8760, "hours"),
  volumeSnapshotEveryHours: timer(0.1, 8760, "hours"),
  snapshotCopyRegions: list(regionProblem, "a list of region slugs", { least: 0 }),
  dockerImageTrain: text(IMAGE_REFERENCE, "a container image reference"),
  dockerImageInference: text(IMAGE_REFERENCE, "a container image reference"),
  sizeCpu: text(SLUG, "a size slug such as c-8-intel"),
  inferenceDomain: text(/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/, "a domain name"),
  sslCertPath: text(/^\/\S+$/, "an absolute path"),
  createTimeoutMinutes: number(0.1, 120, "minutes", { whole: false }),
  generation: number(1, 1_000_000, "rebuilds", { whole: true }),
  tags: list(tagProblem, "a list of tags", { least: 0 }),
};

type Fields = typeof fields;

/** The checked values of the keys that were given. */
export type ConfigInput = { [Key in keyof Fields]?: z.output<Fields[Key]["schema"]> };

export function isKey(key: string): key is keyof Fields {
  return Object.hasOwn(fields, key);
}

/** Keys whose values are or may hold a secret. */
const UNSHOWN = new Set<string>(["sshKeyFile", "slackWebhookUrl", "smtpUrl"]);

/** Checks one value; puts the parsed one into `into` and answers with what is wrong with it. */
export function checkKey(key: keyof Fields, value: string, into: ConfigInput): Problem[] {
  const field: Field<unknown> = fields[key];
  const result = field.schema.safeParse(value);
  if (result.success) {
    Object.assign(into, { [key]: result.data });
    return [];
  }
  const given = UNSHOWN.has(key) ? undefined : value;
  return result.error.issues.map((issue) => {
    const item = issue.path[0];
    const custom = issue.code === "custom";
    return {
      key,
      item: typeof item === "number" ? item : undefined,
      given: typeof item === "number" ? (parseList(value) ?? parseNumbers(value))?.[item]?.toString() : given,
      reason: custom ? issue.message : `must be ${field.allowed}`,
      fix: custom ? String(issue.params?.fix) : field.fix,
    };
  });
}
