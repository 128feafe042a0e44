/** A domain of the account. */
export interface Zone {
  /** 32 hexadecimal digits. */
  id: string;
  name: string;
  createdAt: string;
}

export interface Tunnel {
  /** A UUID. */
  id: string;
  name: string;
  /** Base64 of at least 32 bytes: the connector's password, a part of its token. */
  secret: string;
  /** `cloudflare`: its rules are kept here; `local`: in a file of the connector. */
  configSource: string;
  createdAt: string;
  deletedAt: string | null;
  connections: Connection[];
  /** The rules; version 0 until some are given. */
  configuration: { version: number; config: Record<string, unknown> | null; createdAt: string };
}

/** Of a connector to Cloudflare's edge. */
export interface Connection {
  id: string;
  clientId: string;
  clientVersion: string;
  originIp: string;
  openedAt: string;
}

export interface DnsRecord {
  /** 32 hexadecimal digits. */
  id: string;
  zone: string;
  type: string;
  /** Whole, as in `api.example.com`. */
  name: string;
  content: string;
  /** Seconds; 1 = automatic. */
  ttl: number;
  proxied: boolean;
  comment: string | null;
  tags: string[];
  priority?: number;
  settings: Record<string, boolean>;
  createdAt: string;
  modifiedAt: string;
}
