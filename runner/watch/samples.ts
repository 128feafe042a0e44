import type { SshConnection } from "../../clients/ssh/connection.ts";
import { UserError } from "../../domain/errors.ts";
import type { Malformed, Sample } from "../../domain/idleness.ts";
import { type ConnectionPool, connectionPool, type PooledNode } from "./connection-pool.ts";
import { parseSampleLines } from "./sample-lines.ts";

/** What nodes are asked for. */
export interface PollOptions {
  /** Length of the window, in milliseconds. */
  windowMs: number;
  /** The watcher's time in milliseconds since 1970: the nodes stamp their readings by it. */
  now: number;
  /** Nodes asked at the same time: each takes about half a second to read its GPUs. @default 48 */
  concurrency?: number;
  /** For the handshake, and again for the answer, in milliseconds. @default 30000 */
  timeoutMs?: number;
  /** Keeps connections open until the next pass. @default connections are closed after the pass */
  pool?: ConnectionPool;
  signal?: AbortSignal;
}

/** A node's readings of the window, the newest taken by this very poll; or why there are none. */
export type PollResult = { node: string; samples: (Sample | Malformed)[] } | { node: string; failure: string };

const PROGRAM = "/usr/local/lib/windlass-node/sample";

/** A month's readings at one every five seconds, none like the other, are not as long. */
const MOST_BYTES = 32 * 1024 * 1024;

/**
 * Polls every node once, over one connection each, and answers in the order in which they do. Whatever goes wrong with a node is its result, never
 * thrown; the caller drops a result before the next comes, so that memory does not grow with the number of nodes.
 */
export async function* pollNodes(nodes: readonly PooledNode[], options: PollOptions): AsyncGenerator<PollResult> {
  const pool = options.pool ?? connectionPool();
  const waiting = nodes[Symbol.iterator]();
  const running = new Map<PooledNode, Promise<{ asked: PooledNode; answer: Answer }>>();
  const start = () => {
    const { value: asked, done } = waiting.next();
    if (!done)
      running.set(
        asked,
        poll(asked, pool, options).then((answer) => ({ asked, answer })),
      );
  };
  try {
    for (let count = 0; count < (options.concurrency ?? 48); count++) start();
    while (running.size > 0) {
      const { asked, answer } = await Promise.race(running.values());
      running.delete(asked);
      start();
      yield resultOf(asked, answer);
    }
  } finally {
    await Promise.allSettled(running.values());
    if (!options.pool) await pool.close();
  }
}

/** Polls one node. */
export async function pollNode(node: PooledNode, options: PollOptions): Promise<PollResult> {
  for await (const result of pollNodes([node], options)) return result;
  return { node: node.name, failure: "it was not asked" };
}

type Answer = { text: string } | { failure: string };

async function poll(node: PooledNode, pool: ConnectionPool, options: PollOptions): Promise<Answer> {
  try {
    return { text: await ask(node, pool, options) };
  } catch (error) {
    return { failure: reasonOf(error) };
  }
}

/** Read only when it is wanted: as text, an answer takes a tenth of the memory. */
function resultOf({ name: node }: PooledNode, answer: Answer): PollResult {
  if ("failure" in answer) return { node, failure: answer.failure };
  const samples = parseSampleLines(answer.text);
  return samples
    ? { node, samples }
    : { node, failure: `its answer has no end: ${JSON.stringify(answer.text.slice(-80))}` };
}

/** A connection of an earlier pass may have broken since: then once more, over a new one. */
async function ask(node: PooledNode, pool: ConnectionPool, options: PollOptions): Promise<string> {
  const timeoutMs = options.timeoutMs ?? 30_000;
  const borrow = { timeoutMs, ...(options.signal ? { signal: options.signal } : {}) };
  const { connection, warm } = await pool.connection(node, borrow);
  try {
    return await answerOf(connection, options, timeoutMs);
  } catch (error) {
    pool.drop(node);
    const broken = error instanceof UserError && error.code === "SSHConnectionFailed";
    if (!warm || !broken) throw error;
    const again = await pool.connection(node, borrow);
    return await answerOf(again.connection, options, timeoutMs);
  }
}

async function answerOf(
  ssh: SshConnection,
  { now, windowMs, signal }: PollOptions,
  timeoutMs: number,
): Promise<string> {
  const tooMuch = new AbortController();
  let bytes = 0;
  const { code, stdout, stderr } = await ssh
    .exec(`${PROGRAM} poll ${Math.floor(now / 1000)} ${Math.ceil(windowMs / 1000)}`, {
      timeoutMs,
      signal: signal ? AbortSignal.any([signal, tooMuch.signal]) : tooMuch.signal,
      onStdout: (chunk) => {
        bytes += chunk.length;
        if (bytes > MOST_BYTES) tooMuch.abort();
      },
    })
    .catch((error: unknown) => {
      throw tooMuch.signal.aborted ? new Error(`it answered with more than ${MOST_BYTES} bytes`) : error;
    });
  if (code === 127)
    throw new Error(`it takes no readings (there is no ${PROGRAM}): run windlass up, which sets the node up`);
  if (code !== 0) throw new Error(`its reading ended with code ${code}: ${stderr.trim().split("\n").at(-1) ?? ""}`);
  return stdout;
}

function reasonOf(error: unknown): string {
  if (error instanceof UserError && typeof error.details.reason === "string") return error.details.reason;
  return error instanceof Error ? error.message : String(error);
}
