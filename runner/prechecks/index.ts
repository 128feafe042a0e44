import { type ErrorCode, UserError } from "../../domain/errors.ts";
import { declaredMachine, nodePhase } from "../../domain/node-marker.ts";
import type { StackConfig } from "../../stacks/config.ts";
import { type Deployment, liveResources, type ResourceState } from "../checkpoint.ts";
import { openCloud } from "../cloud.ts";
import type { Check, OnEvent } from "../progress.ts";
import type { Target } from "../target.ts";
import { type CloudFacts, checkAccount, checkDropletLimit, checkImage, checkSize, cloudFacts } from "./cloud.ts";
import { checkData, checkRepository } from "./sources.ts";
import { checkKeysDiffer, checkSshKey } from "./ssh-keys.ts";
import { checkVolume } from "./volume.ts";

/** What the checks look at. */
export interface Subject {
  target: Target;
  config: StackConfig;
  /** What the stack has already. */
  resources: ResourceState[];
  /** Whether no droplet is declared, because the node was stopped. @default false */
  absent?: boolean;
}

/** A failed check, with the error that it is when it is the only one. */
export interface Finding extends Check {
  code?: ErrorCode;
  details?: Record<string, unknown>;
}

/**
 * Looks at everything that an update will need, before anything is made; one finding each, in reading order.
 * Sizes come along: they are the price list of the moment.
 */
export async function runPrechecks(
  target: Target,
  config: StackConfig,
  deployment: Deployment | undefined,
  options: { onEvent?: OnEvent; signal?: AbortSignal } = {},
): Promise<{ checks: Finding[]; facts: CloudFacts | undefined }> {
  const subject: Subject = { target, config, resources: liveResources(deployment) };
  options.onEvent?.({ kind: "phase", text: "checking what is needed" });
  const [{ cloud, facts }, repository] = await Promise.all([
    askCloud(subject, options.signal),
    checkRepository(subject),
  ]);
  const checks = [
    ...cloud,
    ...(facts ? cloudChecks(subject, facts) : []),
    checkSshKey(subject),
    checkKeysDiffer(subject),
    repository,
    checkData(subject),
  ];
  for (const check of checks) options.onEvent?.({ kind: "check", check });
  return { checks, facts };
}

/** Reaches the cloud; a cloud that cannot be asked is one finding, and what only it knows is left out. */
async function askCloud(subject: Subject, signal?: AbortSignal): Promise<{ cloud: Finding[]; facts?: CloudFacts }> {
  try {
    const cloud = await openCloud(subject.target, signal ? { signal } : {});
    const { project, nodeName: node } = subject.config;
    const facts = await cloudFacts(cloud, subject.config, { project, stack: subject.target.stack, node });
    return { cloud: [checkAccount(facts)], facts };
  } catch (error) {
    signal?.throwIfAborted();
    return { cloud: [unreachable(error)] };
  }
}

function unreachable(error: unknown): Finding {
  const name = "cloud and token";
  if (error instanceof UserError) {
    return {
      name,
      state: "failed",
      text: error.details.reason,
      ...(error.details.suggestion ? { fix: error.details.suggestion } : {}),
    };
  }
  if (!(error instanceof Error)) throw error;
  const { status } = error as { status?: number };
  if (status === undefined) throw error;
  const fix =
    status === 401
      ? "make a new token (API, Tokens) and export it as DIGITALOCEAN_TOKEN"
      : status === 403
        ? "give the token read access to account, sizes, images, volumes and droplets"
        : "check the network, and DIGITALOCEAN_API_URL if it is set; then run it again";
  return { name, state: "failed", text: status === 401 ? "the token is not accepted" : error.message, fix };
}

function cloudChecks(given: Subject, facts: CloudFacts): Finding[] {
  const subject = declared(given, facts);
  const phase = nodePhase(facts.markers);
  if (subject.absent) {
    const { nodeName } = subject.config;
    const text = `${nodeName} is ${phase} and stays so; bring it back with: windlass node resume ${nodeName}`;
    const volume = phase === "expired" ? [] : [checkVolume(subject, facts)];
    return [{ name: "node", state: "skipped", text }, ...volume];
  }
  // A resume names its image itself, and has looked at it.
  const image = phase === "resuming" ? [] : [checkImage(subject, facts)];
  return [checkDropletLimit(subject, facts), checkSize(subject, facts), ...image, checkVolume(subject, facts)];
}

/** The subject as it is declared: a node may be stopped, or run with another size than the config's. */
function declared(subject: Subject, facts: CloudFacts | undefined): Subject {
  if (!facts) return subject;
  const { image, gpuSize } = subject.config;
  const machine = declaredMachine(facts.markers, { image, size: gpuSize });
  if (!machine) return { ...subject, absent: true };
  return { ...subject, config: { ...subject.config, gpuSize: machine.size } };
}

/** Throws one error for all failed checks: the check's own when it is alone, `PrecheckFailed` with the list when there are more. */
export function refuseFailed(checks: readonly Finding[]): void {
  const failed = checks.filter(({ state }) => state === "failed");
  const [first] = failed;
  if (!first) return;
  if (failed.length === 1) {
    const details = {
      ...first.details,
      check: first.name,
      reason: first.text,
      ...(first.fix ? { suggestion: first.fix } : {}),
    };
    throw new UserError(first.code ?? "PrecheckFailed", details);
  }
  const list = failed.map(({ name, text, fix }) => ({
    check: name,
    reason: text,
    ...(fix ? { suggestion: fix } : {}),
  }));
  const lines = failed.map(({ name, text, fix }) => `${name}: ${text}${fix ? `; ${fix}` : ""}`);
  throw new UserError("PrecheckFailed", {
    reason: `${failed.length} checks failed, nothing was made:\n  ${lines.join("\n  ")}`,
    checks: list,
  });
}
