import { gpuSamples } from "../../clients/prometheus/index.ts";
import { readKeyPair } from "../../clients/ssh/key.ts";
import type { Malformed, Sample } from "../../domain/idleness.ts";
import { findNode, privateKeyFile } from "../node.ts";
import type { TargetOptions } from "../target.ts";
import type { ConnectionPool } from "./connection-pool.ts";
import type { LoadSource } from "./observe.ts";
import { pollNode } from "./samples.ts";

/** Steps before the window that are asked for too: the sample that its beginning hangs on. */
const STEPS_BEFORE = 2;

/**
 * Asks the node itself over ssh, with the stack's key and its pinned host key; connections stay open in the pool. With windlass:prometheusUrl the
 * GPUs' figures are Prometheus's; people and jobs only the node knows.
 */
export function nodeLoad(options: TargetOptions & { signal?: AbortSignal }, pool: ConnectionPool): LoadSource {
  return async ({ owner, config }, _, { now, windowMs, stepMs }) => {
    if (!config.bootstrap) return { failure: "the node is not set up over ssh (windlass:bootstrap is false)" };
    const { target, node } = await findNode({ ...options, node: owner.node });
    const asked = {
      ...{ name: node.name, host: node.ipAddress, user: node.sshUser, hostKey: node.hostKey },
      privateKey: readKeyPair(privateKeyFile(target)).privateKey,
    };
    const { signal } = options;
    const window = { now, windowMs: windowMs + STEPS_BEFORE * stepMs, ...(signal ? { signal } : {}) };
    const answer = await pollNode(asked, { ...window, pool });
    if ("failure" in answer || config.prometheusUrl === undefined) return answer;
    const query = { ...window, stepMs, url: config.prometheusUrl, instance: node.ipAddress };
    return { samples: withPeople(await gpuSamples(query), answer.samples, stepMs) };
  };
}

/** Steps between a figure of Prometheus and a reading of the node that speak of the same moment. */
const SAME_STEPS = 1;

/** The samples with what the node saw of people and jobs around each; one around which it saw nothing is malformed. */
export function withPeople(
  gpus: readonly (Sample | Malformed)[],
  readings: readonly (Sample | Malformed)[],
  stepMs: number,
): (Sample | Malformed)[] {
  const seen = readings.filter((reading): reading is Sample => !("malformed" in reading)).sort((a, b) => a.at - b.at);
  let first = 0;
  return [...gpus]
    .sort((a, b) => (a.at ?? 0) - (b.at ?? 0))
    .map((sample) => {
      if ("malformed" in sample) return sample;
      while ((seen[first]?.at ?? Number.POSITIVE_INFINITY) < sample.at - SAME_STEPS * stepMs) first++;
      const around: Sample[] = [];
      for (let index = first; (seen[index]?.at ?? Number.POSITIVE_INFINITY) <= sample.at + SAME_STEPS * stepMs; index++)
        around.push(seen[index] as Sample);
      if (around.length === 0) return { at: sample.at, malformed: "the node did not tell who was at work then" };
      return {
        ...sample,
        sshSessions: Math.max(...around.map(({ sshSessions }) => sshSessions)),
        jobs: Math.max(...around.map(({ jobs }) => jobs)),
        loading: around.some(({ loading }) => loading),
      };
    });
}
