import type { BudgetAction } from "../domain/budget.ts";
import { UserError } from "../domain/errors.ts";
import { nearest } from "../domain/spelling.ts";
import { type ConfigInput, checkKey, fields, isKey, type Problem } from "./config-fields.ts";
import { positions, type Source } from "./config-source.ts";

/** Everything a stack is made from, checked and with its defaults filled in. One key of `windlass:` config each. */
export interface StackConfig {
  /** Where the resources are made: `local` (the local cloud) or `digitalocean`. @default "local" */
  cloud: "local" | "digitalocean";
  /** Name of the project: part of tags and names. @default "finance-smollm3" */
  project: string;
  /** DigitalOcean region of whatever is not tied to a GPU. @default "tor1" */
  region: string;
  /** Region of the node, its volume and its network: it must have the GPU size. A change needs a new volume. @default region */
  gpuRegion: string;
  /** Size slug of the node, which decides its price per hour. A change resizes in place, with a restart. @default "gpu-h100x1-80gb" */
  gpuSize: string;
  /** Image slug or snapshot id of the node; used at creation only. @default "gpu-h100x1-base" */
  image: string;
  /** Name of the droplet. A change renames it in place. @default "<project>-gpu-train-001" */
  nodeName: string;
  /** Name of the data volume; one of that name in the region is reused. @default "<project>-data" */
  volumeName: string;
  /** Size of the data volume in GiB, 1 to 16384, $0.10 per GiB and month; it may only grow. @default 500 */
  volumeSizeGiB: number;
  /** Id that the volume of that name must have: refuses to make a new one. */
  volumeId?: string;
  /** Folder of the node where the volume is mounted. @default "/mnt/finance-smollm3" */
  mountPoint: string;
  /** Id of an existing VPC in gpuRegion to use instead of an own one. A change replaces the droplet. */
  vpcId?: string;
  /** Private address range of the own VPC, /16 to /28; DigitalOcean chooses one when absent. A change replaces VPC and droplet. */
  vpcIpRange?: string;
  /** Networks in CIDR form that may reach ssh; there is no default and the whole world is refused. */
  sshAllowedAddresses: string[];
  /** Path of the private ssh key, its public half beside it as `.pub`. @default ".windlass/keys/<stack>" on the local cloud */
  sshKeyFile: string;
  /** URL of the repository to clone on the node, or a local path (`.`) whose ref is sent as a bundle. */
  repositoryUrl?: string;
  /** Branch, tag or commit to check out. @default "HEAD" */
  repositoryRef: string;
  /** Folder of the node for the repository. @default "/opt/<repository name>" */
  repositoryPath: string;
  /** Local folder whose files are synchronised to the volume. */
  dataSource?: string;
  /** Folder of the node that receives them. @default "<mountPoint>/data" */
  dataTarget: string;
  /** Shell command that trains, run in the repository; it must continue from its newest checkpoint by itself. */
  trainingCommand?: string;
  /** Whether the node is set up over ssh once it is there; false leaves the bare image. @default true */
  bootstrap: boolean;
  /** Most that the stack may cost per month of 730 hours, and spend in a calendar month, in US dollars. */
  maxMonthlySpendUsd?: number;
  /** Most that the whole account may spend in a calendar month, in US dollars. */
  maxAccountSpendUsd?: number;
  /** Percent of a limit at which people are told, once a month each; 100 always is one. @default [50, 80, 100] */
  budgetThresholds: number[];
  /**
   * What happens when a limit is used up: `alert` tells, `refuse` refuses whatever raises the bill, `stop-idle` stops nodes that are idle too,
   * `stop-all` stops all, after a confirmation. @default "refuse"
   */
  budgetAction: BudgetAction;
  /** Hours of idle GPUs after which the watcher stops the node, or `off`. @default 24 */
  autoShutdownHours: number | "off";
  /** Days after which a stopped node's volume is archived in a snapshot and deleted, or `off`. @default 30 */
  expireStoppedDays: number | "off";
  /** Hours after which the watcher stops a node even if it works, or `off`; a hold delays it. @default 720 */
  maxLifetimeHours: number | "off";
  /** GPU utilisation in percent below which a GPU counts as idle. @default 5 */
  idleGpuPercent: number;
  /** Seconds between two samples of the GPUs' load, taken on the node. @default 60 */
  sampleSeconds: number;
  /** Minutes between the notice of a stop or a deletion and the deed; a deletion is announced a day ahead at least. @default 15 */
  noticeMinutes: number;
  /** Hours without a watcher after which the node itself gives alarm, or `off`. @default 6 */
  watchAlarmHours: number | "off";
  /** Prometheus server with DCGM's metrics of the node: asked in place of nvidia-smi. */
  prometheusUrl?: string;
  /** Slack webhook for notices; a secret (`pulumi config set --secret`), or WINDLASS_SLACK_WEBHOOK_URL. */
  slackWebhookUrl?: string;
  /** Mail server for notices; a secret, or WINDLASS_SMTP_URL. */
  smtpUrl?: string;
  /** Sender of notices. @default "windlass@localhost" */
  emailFrom: string;
  /** Receivers of notices. @default [] */
  emailTo: string[];
  /** Whether a stop takes a snapshot of the root disk; false means `golden` where stopStrategy is `auto`. @default true */
  snapshotOnStop: boolean;
  /**
   * How the root disk survives a stop: `snapshot` (all of it; 1 to 3 minutes for each GB in use), `golden` (rebuilt from goldenImage; keepPaths
   * are kept on the volume; minutes), or `auto` (the cheaper by GB in use where goldenImage is set, else `snapshot`: packages and settings outside
   * keepPaths must not be given up without being asked). @default "auto"
   */
  stopStrategy: "auto" | "snapshot" | "golden";
  /** Image that the golden strategy rebuilds the root disk from: a slug or a snapshot's id; without one it is `image`. */
  goldenImage?: string;
  /** Folders of the root disk that the golden strategy keeps on the volume. @default ["/root", "/home", "/opt", "/srv", "/usr/local"] */
  keepPaths: string[];
  /** Shell command that the node runs before it stops. */
  stopHook?: string;
  /** Minutes that it may take. @default 60 */
  stopHookMinutes: number;
  /** GPU sizes to resume with, in this order, where gpuSize cannot be had. @default [] */
  fallbackSizes: string[];
  /** Whether the node has a reserved IP, which it keeps over stops; free while the node is up, about $5 a month while it is stopped. @default false */
  reservedIp: boolean;
  /** Days after which a volume that is attached to nothing is archived in a snapshot and deleted by `windlass gc`, or `off`. @default 7 */
  detachedVolumeDays: number | "off";
  /** Days after which `windlass gc` deletes a snapshot that nothing needs, or `off`. @default 30 */
  snapshotDays: number | "off";
  /** How many of a node's newest snapshots are kept however old. @default 3 */
  snapshotsKept: number;
  /** Bucket for backups of checkpoints. */
  backupBucket?: string;
  /** S3-compatible storage that holds it, such as https://tor1.digitaloceanspaces.com. */
  backupEndpoint?: string;
  /** Bucket for copies of the backups, in another region. */
  backupCopyBucket?: string;
  /** Storage that holds the copies. */
  backupCopyEndpoint?: string;
  /** Hours between backups that the watcher makes, or `off`. @default "off" */
  backupEveryHours: number | "off";
  /** Hours between snapshots of the volume that the watcher takes, or `off`. @default "off" */
  volumeSnapshotEveryHours: number | "off";
  /** Regions that the snapshots of root disks are copied to. @default [] */
  snapshotCopyRegions: string[];
  /** Container image for training. */
  dockerImageTrain?: string;
  /** Container image for inference. */
  dockerImageInference?: string;
  /** Size slug of CPU droplets for inference. */
  sizeCpu?: string;
  /** Domain name that inference answers under. */
  inferenceDomain?: string;
  /** Folder of the TLS certificate of that domain. */
  sslCertPath?: string;
  /** Minutes within which the droplet must be active, 0.1 to 120; sizes of eight GPUs may need more than the default. @default 5 */
  createTimeoutMinutes: number;
  /** Counts rebuilds: raise it to replace the droplet with a fresh one; the volume stays. @default 1 */
  generation: number;
  /** Further tags for every resource. @default [] */
  tags: string[];
}

/** Where a config is read: which stack, and the state folder (`.windlass`, or WINDLASS_HOME). */
export interface ConfigContext {
  stack: string;
  home: string;
}

/**
 * Checks the values of `windlass:` (keys with or without that prefix; lists as JSON or comma separated) and fills in the
 * defaults. Throws one UserError `ConfigInvalid` with every problem: file and line, what was given, what is allowed, what to do.
 */
export function loadConfig(
  values: Record<string, string>,
  source: Source | undefined,
  context: ConfigContext,
): StackConfig {
  const given = withoutPrefix(values);
  const problems: Problem[] = [];
  const input: ConfigInput = {};
  for (const [key, value] of Object.entries(given)) {
    if (!isKey(key)) problems.push(unknownKey(key, value));
    else problems.push(...checkKey(key, value, input));
  }
  problems.push(...missing(given, input), ...contradictions(given, input));
  if (problems.length > 0) throw configInvalid(problems, source, context);
  return withDefaults(input, context);
}

function withoutPrefix(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key.replace(/^windlass:/, ""), value]));
}

function unknownKey(key: string, value: string): Problem {
  const near = nearest(key, Object.keys(fields));
  return {
    key,
    given: value,
    reason: "unknown key",
    fix: near ? `did you mean windlass:${near}?` : `remove it; known keys: ${Object.keys(fields).join(", ")}`,
  };
}

function missing(given: Record<string, string>, input: ConfigInput): Problem[] {
  const problems: Problem[] = [];
  if (given.sshAllowedAddresses === undefined)
    problems.push({
      key: "sshAllowedAddresses",
      reason: "required: the networks that may reach ssh",
      fix: `list yours, for example: pulumi config set windlass:sshAllowedAddresses '["203.0.113.7/32"]'`,
    });
  if (given.sshKeyFile === undefined && input.cloud === "digitalocean")
    problems.push({
      key: "sshKeyFile",
      reason: "required on digitalocean: the private ssh key of this stack",
      fix: "make one with `ssh-keygen -t ed25519 -f ~/.ssh/windlass-prod` and set windlass:sshKeyFile to its path",
    });
  return problems;
}

/** Keys of which one means nothing without the other. */
const PAIRS = [
  ["backupBucket", "backupEndpoint"],
  ["backupCopyBucket", "backupCopyEndpoint"],
] as const;

function contradictions(given: Record<string, string>, input: ConfigInput): Problem[] {
  const problems: Problem[] = [];
  if (given.vpcId !== undefined && given.vpcIpRange !== undefined)
    problems.push({
      key: "vpcIpRange",
      given: given.vpcIpRange,
      reason: "is the range of an own VPC, but windlass:vpcId names an existing one",
      fix: "remove one of the two",
    });
  if (given.trainingCommand !== undefined && given.repositoryUrl === undefined)
    problems.push({
      key: "trainingCommand",
      given: given.trainingCommand,
      reason: "runs in the repository, but windlass:repositoryUrl is not set",
      fix: "set windlass:repositoryUrl",
    });
  const { autoShutdownHours, sampleSeconds = 60 } = input;
  if (typeof autoShutdownHours === "number" && autoShutdownHours * 3600 < 3 * sampleSeconds)
    problems.push({
      key: "autoShutdownHours",
      given: given.autoShutdownHours ?? "",
      reason: `is shorter than three samples (windlass:sampleSeconds ${sampleSeconds}), so that idleness could not be told`,
      fix: `use ${(3 * sampleSeconds) / 3600} hours or more, or sample more often`,
    });
  if (given.smtpUrl !== undefined && given.emailTo === undefined)
    problems.push({ key: "smtpUrl", reason: "sends mail, but to nobody", fix: "set windlass:emailTo" });
  for (const key of ["budgetThresholds", "budgetAction"] as const)
    if (given[key] !== undefined && given.maxMonthlySpendUsd === undefined && given.maxAccountSpendUsd === undefined)
      problems.push({
        key,
        reason: "is about a budget, but there is no limit",
        fix: "set windlass:maxMonthlySpendUsd or windlass:maxAccountSpendUsd, or remove it",
      });
  for (const [one, other] of PAIRS)
    if ((given[one] === undefined) !== (given[other] === undefined))
      problems.push({
        key: given[one] === undefined ? other : one,
        reason: `needs windlass:${given[one] === undefined ? one : other}`,
        fix: "set both or none",
      });
  if (given.dataTarget !== undefined && given.dataSource === undefined)
    problems.push({
      key: "dataTarget",
      given: given.dataTarget,
      reason: "says where data goes, but windlass:dataSource is not set",
      fix: "set windlass:dataSource to the local folder",
    });
  return problems;
}

function configInvalid(problems: Problem[], source: Source | undefined, context: ConfigContext): UserError {
  const lines = positions(source);
  const file = source?.file ?? `Pulumi.${context.stack}.yaml`;
  const located = problems.map((problem) => ({ ...problem, file, line: lines(problem.key, problem.item) }));
  const text = located.map(({ line, key, given, reason, fix }) => {
    const got = given === undefined ? "" : `got ${JSON.stringify(given)}, `;
    return `${file}${line ? `:${line}` : ""}: windlass:${key}: ${got}${reason}; ${fix}`;
  });
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return new UserError("ConfigInvalid", {
    reason: `${count} in the config of stack ${context.stack}:\n  ${text.join("\n  ")}`,
    problems: located,
  });
}

function withDefaults(input: ConfigInput, context: ConfigContext): StackConfig {
  const project = input.project ?? "finance-smollm3";
  const region = input.region ?? "tor1";
  const mountPoint = input.mountPoint ?? "/mnt/finance-smollm3";
  const config: StackConfig = {
    ...input,
    cloud: input.cloud ?? "local",
    project,
    region,
    gpuRegion: input.gpuRegion ?? region,
    gpuSize: input.gpuSize ?? "gpu-h100x1-80gb",
    image: input.image ?? "gpu-h100x1-base",
    nodeName: input.nodeName ?? `${project}-gpu-train-001`,
    volumeName: input.volumeName ?? `${project}-data`,
    volumeSizeGiB: input.volumeSizeGiB ?? 500,
    mountPoint,
    sshAllowedAddresses: input.sshAllowedAddresses ?? [],
    sshKeyFile: input.sshKeyFile ?? `${context.home}/keys/${context.stack}`,
    repositoryRef: input.repositoryRef ?? "HEAD",
    repositoryPath: input.repositoryPath ?? `/opt/${repositoryName(input.repositoryUrl) ?? project}`,
    dataTarget: input.dataTarget ?? `${mountPoint}/data`,
    bootstrap: input.bootstrap ?? true,
    budgetThresholds: input.budgetThresholds ?? [50, 80, 100],
    budgetAction: input.budgetAction ?? "refuse",
    autoShutdownHours: input.autoShutdownHours ?? 24,
    expireStoppedDays: input.expireStoppedDays ?? 30,
    maxLifetimeHours: input.maxLifetimeHours ?? 720,
    idleGpuPercent: input.idleGpuPercent ?? 5,
    sampleSeconds: input.sampleSeconds ?? 60,
    noticeMinutes: input.noticeMinutes ?? 15,
    watchAlarmHours: input.watchAlarmHours ?? 6,
    emailFrom: input.emailFrom ?? "windlass@localhost",
    emailTo: input.emailTo ?? [],
    snapshotOnStop: input.snapshotOnStop ?? true,
    stopStrategy: input.stopStrategy ?? "auto",
    keepPaths: input.keepPaths ?? ["/root", "/home", "/opt", "/srv", "/usr/local"],
    stopHookMinutes: input.stopHookMinutes ?? 60,
    fallbackSizes: input.fallbackSizes ?? [],
    reservedIp: input.reservedIp ?? false,
    detachedVolumeDays: input.detachedVolumeDays ?? 7,
    snapshotDays: input.snapshotDays ?? 30,
    snapshotsKept: input.snapshotsKept ?? 3,
    backupEveryHours: input.backupEveryHours ?? "off",
    volumeSnapshotEveryHours: input.volumeSnapshotEveryHours ?? "off",
    snapshotCopyRegions: input.snapshotCopyRegions ?? [],
    createTimeoutMinutes: input.createTimeoutMinutes ?? 5,
    generation: input.generation ?? 1,
    tags: input.tags ?? [],
  };
  return config;
}

/** Last part of a repository's URL; undefined for a local path, whose folder name differs from machine to machine. */
function repositoryName(url: string | undefined): string | undefined {
  if (!url || url.startsWith(".") || url.startsWith("/")) return undefined;
  return url
    .replace(/\/+$/, "")
    .split(/[/:]/)
    .at(-1)
    ?.replace(/\.git$/, "");
}
