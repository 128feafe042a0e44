import type { Alert } from "../../domain/health/alert.ts";
import type { HealthFile } from "../../domain/health/file.ts";
import type { HealthResult } from "../../domain/health/result.ts";
import { parseTarget } from "../../domain/health/target.ts";
import { redact } from "../../domain/redaction.ts";
import { readBreakers } from "../breakers.ts";
import type { Channels, Delivery, NotifyOptions } from "../notices.ts";
import type { OperationOptions } from "../progress.ts";
import { resolveTarget, type TargetOptions } from "../target.ts";
import { judgeAlerts } from "./alerts.ts";
import { type Checked, checkTargets } from "./check.ts";
import { withHistory } from "./history.ts";
import { nodesHealth } from "./nodes.ts";
import { healthSettings } from "./settings.ts";

export interface HealthOptions extends TargetOptions, OperationOptions {
  /** Only this node of the stack. */
  node?: string;
  /** A health file. @default health.yaml beside Pulumi.yaml, where there is one */
  file?: string;
  /** Only these: addresses, or names of targets in the file. */
  targets?: readonly string[];
}

/** One look at everything. */
export interface HealthLook {
  /** ISO 8601, UTC. */
  at: string;
  results: HealthResult[];
  /** How the rules stand; empty where nobody asked for it. */
  alerts: Alert[];
  /** What was sent. */
  notices: (Delivery & { title: string })[];
  /** What did not work beside the checks, such as a notice or the history. */
  errors: string[];
}

/** Where alerts go. */
export interface Alerting {
  channels: Channels;
  notify?: NotifyOptions;
}

/**
 * Looks once at what is named, else at the targets of the health file, else at every node of the stack, and keeps the results. One Health Check Result
 * each, with the circuit breakers of the processes here. Throws `NotFound` where there is no such node, and none at all; `ConfigInvalid` with file
 * and line for a health file that is wrong.
 */
export async function health(options: HealthOptions = {}): Promise<HealthResult[]> {
  return (await lookAtHealth(options)).results;
}

/** The same, judged by the alert rules where there is somebody to tell. */
export async function lookAtHealth(options: HealthOptions = {}, alerting?: Alerting): Promise<HealthLook> {
  const { root, home } = resolveTarget(options);
  const settings = healthSettings({ root, file: options.file, targets: options.targets });
  const checked = await checkAll(options, settings);
  const look = await keepAndJudge(checked, { home, settings, ...(alerting ? { alerting } : {}) });
  for (const text of look.errors) options.onEvent?.({ kind: "note", level: "warning", text });
  const circuit_breakers = readBreakers(home);
  return { ...look, results: look.results.map((result) => ({ ...result, circuit_breakers })) };
}

/** What is named; a node that is named stands for the file's targets; without a file every node, of which there must be one. */
async function checkAll(options: HealthOptions, settings: HealthFile): Promise<Checked[]> {
  const { node, targets, file: _, onEvent: __, killSignal: ___, ...where } = options;
  const asked = targets !== undefined || (node === undefined && settings.source !== undefined);
  const named = asked ? await checkTargets(settings.targets, where) : [];
  if (asked && node === undefined) return named;
  const target = parseTarget(`node:${node ?? "*"}`);
  const nodes = await nodesHealth({ ...where, ...(node === undefined ? {} : { node }) });
  return [...nodes.map((result) => ({ target, result })), ...named];
}

/** Keeps results and judges them; what goes wrong in it is told beside them. */
export async function keepAndJudge(
  checked: readonly Checked[],
  { home, settings, alerting }: { home: string; settings: HealthFile; alerting?: Alerting },
): Promise<HealthLook> {
  const now = Date.now();
  const results = checked.map(({ result }) => result);
  const look: HealthLook = { at: new Date(now).toISOString(), results, alerts: [], notices: [], errors: [] };
  try {
    return await withHistory(home, async (history) => {
      history.add(results, settings.keepMs, now);
      if (!alerting) return look;
      const { alerts, notices } = await judgeAlerts(checked, { rules: settings.alerts, history, now, ...alerting });
      const failed = notices.filter(({ delivered }) => !delivered);
      const errors = failed.map(({ channel, reason }) => `${channel}: the notice was not sent: ${reason}`);
      return { ...look, alerts, notices, errors };
    });
  } catch (error) {
    const reason = redact(error instanceof Error ? error.message : String(error));
    return { ...look, errors: [`the history in ${home} cannot be used: ${reason}`] };
  }
}
