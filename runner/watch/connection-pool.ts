import { connect, type SshConnection } from "../../clients/ssh/connection.ts";

/** A machine to connect to. */
export interface PooledNode {
  name: string;
  host: string;
  /** @default 22 */
  port?: number;
  /** @default "root" */
  user?: string;
  /** PEM text of the private key. */
  privateKey: string;
  /** The pinned public host key line. */
  hostKey: string;
}

/** Connections that stay open between passes, one a node. */
export interface ConnectionPool {
  /**
   * The node's connection; a new one where there is none, or the node has another address or key now. `warm` says that it was there before.
   * Throws as `connect` does.
   */
  connection(
    node: PooledNode,
    options: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<{ connection: SshConnection; warm: boolean }>;
  /** Closes the node's connection: something went wrong with it. */
  drop(node: Pick<PooledNode, "name">): void;
  close(): Promise<void>;
}

/** Signs of life are rare: a connection that has broken in between is noticed when it is used, and made anew. */
const KEEPALIVE_MS = 60_000;

/** An empty pool. */
export function connectionPool(): ConnectionPool {
  const open = new Map<string, { to: string; connection: SshConnection }>();
  const drop = ({ name }: Pick<PooledNode, "name">) => {
    const known = open.get(name);
    open.delete(name);
    void known?.connection.close();
  };
  return {
    connection: async (node, options) => {
      const to = JSON.stringify([node.host, node.port, node.user, node.hostKey, node.privateKey]);
      const known = open.get(node.name);
      if (known?.to === to) return { connection: known.connection, warm: true };
      if (known) drop(node);
      const { name: _, ...where } = node;
      const connection = await connect({ ...where, ...options, keepaliveMs: KEEPALIVE_MS });
      open.set(node.name, { to, connection });
      return { connection, warm: false };
    },
    drop,
    close: async () => {
      const all = [...open.values()];
      open.clear();
      await Promise.all(all.map(({ connection }) => connection.close()));
    },
  };
}
