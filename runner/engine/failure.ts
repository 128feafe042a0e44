import { UserError } from "../../domain/errors.ts";
import { failuresIn } from "../../domain/failure-line.ts";
import { redact } from "../../domain/redaction.ts";
import { openCloud } from "../cloud.ts";
import { refuseLiveLocks, stackLocks } from "../locks.ts";
import type { Target } from "../target.ts";
import type { EngineExit } from "./command.ts";
import { type EngineFailure, type EngineReport, isAftermath } from "./events.ts";
import type { OpenStack } from "./stack.ts";

/** Says what a failed operation of the engine means to the user: which error, why, and what to do. */
export async function explainFailure(exit: EngineExit, report: EngineReport, open: OpenStack): Promise<UserError> {
  const { target, options, logFile } = open;
  if (options.signal?.aborted) return cancelled(target, options.killSignal?.aborted ?? false);
  if (/stack is currently locked by|Another update is currently in progress/.test(exit.stderr))
    return locked(target, exit);
  const broken =
    /^(?:error: )?(.*policy pack .*failed to start.*|validating policy config.*|configuring policy pack.*|.*could not start policy pack.*)$/m;
  const unstarted = broken.exec(`${report.errors.join("\n")}\n${exit.stderr}`)?.[1];
  if (unstarted !== undefined) return packDidNotStart(unstarted, open);
  const said = [...report.errors, ...report.failures.flatMap(({ messages }) => messages)];
  const missing = report.failures.length === 0 && said.every(isAftermath);
  const beyond = said.filter((message) => isBeyondPlan(message) || (missing && isAftermath(message)));
  if (beyond.length > 0) return beyondPlan(beyond, open);
  const [failure, ...others] = byCause(report.failures);
  const errors = report.errors.filter((message) => !isAftermath(message));
  const told = failuresIn((failure?.messages ?? errors).join("\n"))[0];
  const error =
    told ?? (failure ? await explainResource(failure, target) : explainProgram({ ...report, errors }, exit));
  const also = others.map(({ name, messages }) => `${name}: ${firstLine(messages)}`);
  const details = {
    ...(told && failure ? { resource: failure.name } : {}),
    ...error.details,
    ...(also.length > 0 ? { also } : {}),
    log: logFile,
  };
  return new UserError(error.code, details, { cause: exit, exitCode: error.exitCode });
}

/** What nothing has judged is refused. */
function packDidNotStart(message: string, { target, logFile }: OpenStack): UserError {
  const reason = `the policy pack did not start, so that nothing was judged and nothing was made: ${redact(message)}`;
  const fix = "see the log for what the pack printed, and run: windlass doctor";
  const violation = { policy: "unjudged", resource: target.stack, message: reason, fix, severity: "critical" };
  const details = { reason, suggestion: fix, violations: [violation], log: logFile };
  return new UserError("PolicyViolation", details, { exitCode: 3 });
}

/** The engine's words where an update would do what its plan has not. */
function isBeyondPlan(message: string): boolean {
  return /violates plan:|is not allowed by the plan/.test(message);
}

/** Outputs of a component or of the stack came out otherwise than the preview knew: nothing was made that was not judged. */
export function isOtherOutputs(error: unknown): boolean {
  return error instanceof UserError && error.code === "PolicyViolation" && error.details.outputsOnly === true;
}

/** The engine names the resource where it is one's inputs, and none where it is outputs. */
const OUTPUTS = /resource violates plan: properties changed/;

function beyondPlan(messages: readonly string[], { target, logFile }: OpenStack): UserError {
  const violations = messages.map((message) => ({
    policy: "plan",
    resource: /urn:pulumi:\S+::(\S+?)[:\s]/.exec(message)?.[1] ?? target.stack,
    message: cleanReason([message]),
    fix: `run: windlass up --stack ${target.stack}`,
    severity: "critical",
  }));
  const details = {
    reason: `the update would do what the preview did not show, and was stopped before that: ${violations.map(({ message }) => message).join("; ")}`,
    suggestion: `what is known by now is judged anew by: windlass up --stack ${target.stack}`,
    violations,
    begun: true,
    ...(messages.every((message) => OUTPUTS.test(message) || isAftermath(message)) ? { outputsOnly: true } : {}),
    log: logFile,
  };
  return new UserError("PolicyViolation", details, { exitCode: 3 });
}

/** One cause may stop several resources: those that were only stopped, and said nothing, come last. */
function byCause(failures: readonly EngineFailure[]): EngineFailure[] {
  return [...failures].sort((a, b) => Number(b.messages.length > 0) - Number(a.messages.length > 0));
}

function cancelled(target: Target, hard: boolean): UserError {
  return new UserError("Cancelled", {
    stack: target.stack,
    reason: hard
      ? "stopped at once; what was in flight is not in the state yet"
      : "stopped; what was in flight is finished and saved",
    suggestion: hard
      ? `run: windlass recover --stack ${target.stack} (or just windlass up: it recovers by itself)`
      : `to go on from here run: windlass up --stack ${target.stack}`,
  });
}

function locked(target: Target, exit: EngineExit): UserError {
  try {
    refuseLiveLocks(target, stackLocks(target));
  } catch (error) {
    if (error instanceof UserError) return error;
  }
  const holder = /created by (.+)$/m.exec(exit.stderr)?.[1];
  return new UserError("StackLocked", {
    stack: target.stack,
    ...(holder ? { holder } : {}),
    reason: `stack ${target.stack} is being updated by ${holder ?? "somebody else"}`,
    suggestion: `wait for it; if whoever did it is gone, run: windlass recover --stack ${target.stack} --break-lock`,
  });
}

/** No resource failed: the program did, or the engine before it came to one. */
function explainProgram(report: EngineReport, exit: EngineExit): UserError {
  const said =
    report.errors.length > 0 ? report.errors.join("\n") : exit.stderr.trim().split("\n").slice(-15).join("\n");
  const reason = redact(said.replace(/^error: /gm, "").trim()) || exit.message;
  if (/incorrect passphrase/.test(reason)) {
    const suggestion =
      "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the one the stack was made with";
    return new UserError("ConfigInvalid", { reason: "the passphrase does not fit the stack's secrets", suggestion });
  }
  if (/no resource plugin|failed to load plugin|no language plugin|could not load plugin/i.test(reason)) {
    return new UserError("ToolMissing", {
      tool: "pulumi plugin",
      reason,
      suggestion: "run: windlass doctor --install",
    });
  }
  return new UserError("CommandFailed", { reason });
}

async function explainResource(failure: EngineFailure, target: Target): Promise<UserError> {
  const reason = cleanReason(failure.messages);
  if (failure.type.startsWith("command:")) return explainCommand(failure, reason);
  if (failure.type === "digitalocean:index/volumeAttachment:VolumeAttachment")
    return explainAttachment(failure, reason);
  const { name, size, region } = failure.inputs as { name?: unknown; size?: unknown; region?: unknown };
  const details = {
    resource: /:(\w+)$/.exec(failure.type)?.[1]?.toLowerCase() ?? failure.type,
    name: text(name) ?? failure.name,
    ...(text(size) ? { size } : {}),
    ...(text(region) ? { region } : {}),
  };
  if (isCapacity(reason)) {
    const suggestion = await capacityAdvice(text(size), text(region), target);
    return new UserError("ProvisionFailed", {
      ...details,
      reason: "Insufficient capacity in region",
      answer: reason,
      suggestion,
    });
  }
  return new UserError("ProvisionFailed", { ...details, reason, suggestion: advice(reason, target) });
}

/** DigitalOcean's own words for "no machine of that kind is left here". */
function isCapacity(reason: string): boolean {
  return /not (currently )?available in (this )?region|size is not available|temporarily unavailable|insufficient capacity/i.test(
    reason,
  );
}

async function capacityAdvice(size: string | undefined, region: string | undefined, target: Target): Promise<string> {
  const again = `capacity comes back within minutes to hours: run windlass up --stack ${target.stack} again later`;
  const sizes = await openCloud(target)
    .then((cloud) => cloud.sizes())
    .catch(() => []);
  const others = sizes.find(({ slug }) => slug === size)?.regions.filter((other) => other !== region) ?? [];
  const gpu = sizes.find(({ slug }) => slug === size)?.gpu_info !== undefined;
  const sameRegion = sizes.filter((s) => s.slug !== size && s.available && (s.gpu_info !== undefined) === gpu);
  const here = sameRegion.filter(({ regions }) => region && regions.includes(region)).map(({ slug }) => slug);
  const hints = [
    ...(others.length > 0
      ? [
          `try region ${others.map((r) => `'${r}'`).join(" or ")} (windlass:gpuRegion; the volume is tied to its region)`,
        ]
      : []),
    ...(here.length > 0
      ? [
          `or size ${here
            .slice(0, 3)
            .map((s) => `'${s}'`)
            .join(", ")} in ${region}`,
        ]
      : []),
    again,
  ];
  return hints.join("; ");
}

const ADVICE: readonly [RegExp, string][] = [
  [
    /range\/size overlaps/i,
    "choose another windlass:vpcIpRange (or remove it: DigitalOcean then chooses one), and run it again",
  ],
  [
    /\b401\b|unable to authenticate|unauthorized/i,
    "check the token: DIGITALOCEAN_TOKEN must be a valid one with write scope",
  ],
  [/\b403\b|forbidden/i, "the token lacks the scope for this; make one with full access or add the scope named"],
  [/\b429\b|too many requests|rate limit/i, "the API's rate limit is used up; wait a few minutes, then run it again"],
  [/limit/i, "ask DigitalOcean for a higher limit (Settings, Resource limits), or remove what is not needed"],
  [
    /timed? ?out|still in-progress|did not become active|timeout/i,
    "the action hangs at DigitalOcean; run it again: it looks at what is there and goes on",
  ],
  [
    /\b5\d\d\b|connection (reset|refused)|cannot reach|ECONN|socket hang up/i,
    "DigitalOcean did not answer properly; run it again: nothing is made twice",
  ],
];

function advice(reason: string, target: Target): string {
  const known = ADVICE.find(([pattern]) => pattern.test(reason));
  return known?.[1] ?? `mend what is named and run: windlass up --stack ${target.stack}`;
}

function explainAttachment(failure: EngineFailure, reason: string): UserError {
  const { volumeId, dropletId } = failure.inputs as { volumeId?: unknown; dropletId?: unknown };
  const already = /already attached/i.test(reason);
  return new UserError("VolumeAttachFailed", {
    volume_id: text(volumeId) ?? null,
    droplet_id: Number(dropletId) || null,
    reason,
    suggestion: already
      ? "detach it from the other droplet first, or make a new volume from a snapshot of it"
      : "run it again: attaching is tried anew and nothing is lost",
  });
}

/** A step on the node: either ssh never came about, or the command itself failed. */
function explainCommand(failure: EngineFailure, reason: string): UserError {
  const connection = failure.inputs.connection as { host?: unknown; user?: unknown } | undefined;
  const host = text(connection?.host);
  const user = text(connection?.user);
  if (isConnection(reason, failure)) {
    return new UserError("SSHConnectionFailed", {
      host: host ?? null,
      user: user ?? null,
      step: failure.name,
      reason,
      suggestion:
        "check windlass:sshAllowedAddresses holds your address, and the droplet's state with: windlass status",
    });
  }
  return new UserError("BootstrapFailed", {
    ...(host ? { host } : {}),
    step: failure.name,
    reason,
    suggestion: bootstrapAdvice(reason),
  });
}

function isConnection(reason: string, failure: EngineFailure): boolean {
  if (/host-?key|first-contact/i.test(failure.name)) return true;
  return /ssh|handshake|connection (timed? ?out|timeout|refused|reset)|ECONN|EHOSTUNREACH|ETIMEDOUT|no route to host|authentication methods failed/i.test(
    reason.split("\n")[0] ?? "",
  );
}

function bootstrapAdvice(reason: string): string {
  if (/no space left/i.test(reason))
    return "the disk is full: free space (windlass node exec -- df -h), then run it again";
  return "see /var/log/windlass/bootstrap.log on the node (windlass node exec -- tail -50 /var/log/windlass/bootstrap.log), then run it again: done steps are skipped";
}

/** What the plugin said, without the engine's framing. */
function cleanReason(messages: readonly string[]): string {
  const lines = messages
    .join("\n")
    .split("\n")
    .map((line) => line.replace(/^\s*(\*\s+|error: |sdk-v2\/provider2?\.go:\d+: )/, "").trim())
    .filter((line) => line !== "" && !/^\d+ errors? occurred:$/.test(line) && !/^(update|preview) failed$/.test(line));
  return redact([...new Set(lines)].join("\n")) || "no reason given";
}

function firstLine(messages: readonly string[]): string {
  return cleanReason(messages).split("\n")[0] ?? "";
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined;
}
