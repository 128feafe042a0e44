import { UserError } from "../../domain/errors.ts";
import type { Malformed, Sample } from "../../domain/idleness.ts";
import { CircuitOpenError, call, type Try } from "../resilience/index.ts";

/** Which readings are wanted. */
export interface PrometheusQuery {
  /** Address of the server, with a path where it has one. */
  url: string;
  /** The node as its exporter's targets are labelled: host, with or without a port. */
  instance: string;
  /** Times in milliseconds. */
  now: number;
  windowMs: number;
  stepMs: number;
  /** @default 30000 */
  timeoutMs?: number;
  /** Milliseconds before each further try. @default 1, 2 and 4 s, and a little at random */
  retryDelaysMs?: readonly number[];
  signal?: AbortSignal;
}

/** Points that Prometheus gives at most in one answer (its own limit is 11,000). */
const MOST_POINTS = 10_000;

const UTILIZATION = "DCGM_FI_DEV_GPU_UTIL";
const MEMORY = "DCGM_FI_DEV_FB_USED";

interface Series {
  metric: Record<string, string>;
  values: [number, string][];
}

type Readings = Map<number, Map<string, { utilization?: number; memoryUsedMiB?: number }>>;

/**
 * The node's samples as DCGM's exporter gave them to Prometheus, one a step. Each is the highest of what was scraped within the step and a
 * half before it, so that no load between two points is missed, and a lost exporter is a gap and not its last value repeated. A GPU with only one of the two metrics makes the sample malformed. DCGM knows
 * nothing of people and jobs: those counts are 0, and the caller asks for them elsewhere. Throws UserError `NotFound` where Prometheus cannot be asked.
 */
export async function gpuSamples(query: PrometheusQuery): Promise<(Sample | Malformed)[]> {
  const readings: Readings = new Map();
  const longest = MOST_POINTS * query.stepMs;
  const first = Math.ceil((query.now - query.windowMs) / query.stepMs) * query.stepMs;
  for (let from = first; from <= query.now; from += longest) {
    const until = Math.min(query.now, from + longest - query.stepMs);
    await Promise.all([
      collect(query, UTILIZATION, "utilization", from, until, readings),
      collect(query, MEMORY, "memoryUsedMiB", from, until, readings),
    ]);
  }
  return [...readings].sort(([a], [b]) => a - b).map(([at, gpus]) => sampleOf(at, gpus));
}

async function collect(
  query: PrometheusQuery,
  metric: string,
  field: "utilization" | "memoryUsedMiB",
  from: number,
  until: number,
  readings: Readings,
): Promise<void> {
  for (const { metric: labels, values } of await series(query, metric, from, until)) {
    const gpu = labels.UUID ?? labels.gpu ?? JSON.stringify(labels);
    for (const [seconds, text] of values) {
      const at = Math.round(seconds * 1000);
      const gpus = readings.get(at) ?? new Map();
      readings.set(at, gpus.set(gpu, { ...gpus.get(gpu), [field]: Number(text) }));
    }
  }
}

function sampleOf(at: number, gpus: Map<string, { utilization?: number; memoryUsedMiB?: number }>): Sample | Malformed {
  const found: Sample["gpus"] = [];
  for (const [gpu, { utilization, memoryUsedMiB }] of [...gpus].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (utilization === undefined || memoryUsedMiB === undefined)
      return { at, malformed: `Prometheus has no ${utilization === undefined ? UTILIZATION : MEMORY} of GPU ${gpu}` };
    found.push({ utilization, memoryUsedMiB });
  }
  return { at, gpus: found, sshSessions: 0, jobs: 0, loading: false };
}

async function series(query: PrometheusQuery, metric: string, from: number, until: number): Promise<Series[]> {
  const instance = query.instance.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const selector = `${metric}{instance=~${JSON.stringify(`${instance}(:[0-9]+)?`)}}`;
  const parameters = new URLSearchParams({
    query: `max_over_time(${selector}[${Math.round(query.stepMs * 1.5)}ms])`,
    start: `${from / 1000}`,
    end: `${until / 1000}`,
    step: `${query.stepMs / 1000}`,
  });
  const { timeoutMs, retryDelaysMs, signal } = query;
  const destination = new URL(query.url).host;
  try {
    return await call("prometheus", { timeoutMs, retryDelaysMs, signal, destination, judge }, (one) =>
      attempt(query.url, parameters, one),
    );
  } catch (error) {
    query.signal?.throwIfAborted();
    throw new UserError(
      "NotFound",
      {
        reason: `prometheus at ${destination} cannot be asked: ${reasonOf(error)}`,
        suggestion: "check windlass:prometheusUrl and that the server answers there",
      },
      { cause: error },
    );
  }
}

/** Prometheus has answered, but not with readings. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, reason: string) {
    super(reason);
    this.status = status;
  }
}

/** A query is asked again where the connection failed or a server before it is down; one that was too slow would be too slow again. */
function judge(error: unknown) {
  const unreached = error instanceof TypeError;
  const down = error instanceof Refusal && error.status >= 500;
  return { retry: unreached || down, failure: unreached || down || (error as Error).name === "TimeoutError" };
}

async function attempt(url: string, parameters: URLSearchParams, { deadline }: Try): Promise<Series[]> {
  const response = await fetch(`${url.replace(/\/+$/, "")}/api/v1/query_range`, {
    method: "POST",
    body: parameters,
    signal: deadline,
  });
  const text = await response.text();
  const answer = parse(text, response.status);
  if (answer.status !== "success" || answer.data?.resultType !== "matrix" || !Array.isArray(answer.data.result))
    throw new Refusal(response.status, answer.error ?? `status ${response.status}`);
  return answer.data.result;
}

interface Answer {
  status?: string;
  error?: string;
  data?: { resultType?: string; result?: Series[] };
}

function parse(text: string, status: number): Answer {
  try {
    return JSON.parse(text) as Answer;
  } catch (error) {
    throw new Refusal(status, (error as Error).message);
  }
}

function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error;
  if (name === "TimeoutError") return "no answer in time";
  if (error instanceof CircuitOpenError) return message;
  return cause instanceof Error ? cause.message || String(cause) : message;
}
