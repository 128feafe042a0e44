import { isProperties, type Properties } from "../engine/values.ts";
import type { Field, Fields } from "../schema/fields.ts";

/** Where a remote command runs, and as whom. */
export interface Connection {
  host: string;
  port: number;
  user: string;
  password?: string;
  privateKey?: string;
  privateKeyPassword?: string;
  agentSocketPath?: string;
  /** An OpenSSH public key, as in `ssh-ed25519 AAAA...`: the host has to show this one. */
  hostKey?: string;
  /** How many dials may fail; -1 is no limit. */
  dialErrorLimit: number;
  /** Seconds for one dial; 0 is no limit. */
  perDialTimeout: number;
  proxy?: Connection;
}

/** Defaults and names are those of the official plugin. */
const endpoint = {
  host: { type: "string", required: true },
  port: { type: "integer", default: 22, minimum: 1, maximum: 65_535 },
  user: { type: "string", default: "root" },
  password: { type: "string" },
  privateKey: { type: "string" },
  privateKeyPassword: { type: "string" },
  agentSocketPath: { type: "string" },
  hostKey: { type: "string" },
  dialErrorLimit: { type: "integer", default: 10, minimum: -1 },
  perDialTimeout: { type: "integer", default: 15, minimum: 0 },
} as const satisfies Fields;

export const connectionField: Field = {
  type: "object",
  required: true,
  fields: { ...endpoint, proxy: { type: "object", fields: endpoint } },
};

/** The connection that checked inputs describe; an old state may lack what has a default now. */
export function connectionOf(inputs: Properties): Connection {
  return filled(inputs.connection as Properties);
}

function filled(given: Properties): Connection {
  const { proxy, ...own } = given;
  const defaults = { port: 22, user: "root", dialErrorLimit: 10, perDialTimeout: 15 };
  return { ...defaults, ...own, ...(isProperties(proxy) ? { proxy: filled(proxy) } : {}) } as unknown as Connection;
}
