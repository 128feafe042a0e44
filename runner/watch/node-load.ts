import { readKeyPair } from "../../clients/ssh/key.ts";
import { findNode, privateKeyFile } from "../node.ts";
import type { TargetOptions } from "../target.ts";
import type { ConnectionPool } from "./connection-pool.ts";
import type { LoadSource } from "./observe.ts";
import { pollNode } from "./samples.ts";

/** Steps before the window that are asked for too: the sample that its beginning hangs on. */
const STEPS_BEFORE = 2;

/** Asks the node itself over ssh, with the stack's key and its pinned host key; connections stay open in the pool. */
export function nodeLoad(options: TargetOptions & { signal?: AbortSignal }, pool: ConnectionPool): LoadSource {
  return async ({ owner, config }, _, { now, windowMs, stepMs }) => {
    if (!config.bootstrap) return { failure: "the node is not set up over ssh (windlass:bootstrap is false)" };
    const { target, node } = await findNode({ ...options, node: owner.node });
    const asked = {
      ...{ name: node.name, host: node.ipAddress, user: node.sshUser, hostKey: node.hostKey },
      privateKey: readKeyPair(privateKeyFile(target)).privateKey,
    };
    const { signal } = options;
    const window = { now, windowMs: windowMs + STEPS_BEFORE * stepMs };
    return pollNode(asked, { ...window, pool, ...(signal ? { signal } : {}) });
  };
}
