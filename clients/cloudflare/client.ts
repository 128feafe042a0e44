import { type Breakers, type CircuitOpenError, call, type Judgement, type Try } from "../resilience/index.ts";
import { sendJson } from "../resilience/send-json.ts";
import { CloudflareApiError, errorOf } from "./errors.ts";

/** Address of the API v4. */
export const CLOUDFLARE_URL = "https://api.cloudflare.com/client/v4";

/** The largest page that every list of the API gives. */
const PAGE_SIZE = 50;

export interface CloudflareOptions {
  /** An API token; never appears in an error. */
  token: string;
  /** @default `https://api.cloudflare.com/client/v4` */
  url?: string;
  /** Stops calls that are under way or waiting for their next try. */
  signal?: AbortSignal;
  /** @default those of this process */
  breakers?: Breakers;
}

/** A domain, and whose it is. */
export interface CloudflareZone {
  id: string;
  name: string;
  account: { id: string; name: string };
}

export interface CloudflareTunnel {
  id: string;
  name: string;
  /** `inactive` (never run), `healthy`, `degraded`, `down`. */
  status: string;
  created_at: string;
  deleted_at: string | null;
}

/** A running cloudflared, with its connections to Cloudflare's edge. */
export interface Connector {
  id: string;
  version: string;
  run_at: string;
  conns: { origin_ip: string; opened_at: string }[];
}

/** One ingress rule as the API has it. */
export interface ApiIngressRule {
  hostname?: string;
  path?: string;
  service: string;
  originRequest?: Record<string, unknown>;
}

export interface CloudflareDnsRecord {
  id: string;
  name: string;
  type: string;
  content: string;
  proxied: boolean;
}

/** Cloudflare's API, as far as tunnels need it. Calls throw `CloudflareApiError`, and the signal's reason when they are stopped. */
export interface CloudflareClient {
  /** Every domain that the token may see. */
  zones(): Promise<CloudflareZone[]>;
  /** Undefined when it is not there, or deleted. */
  tunnel(account: string, id: string): Promise<CloudflareTunnel | undefined>;
  /** What a connector is started with: a secret. */
  tunnelToken(account: string, id: string): Promise<string>;
  /** @param secret base64 of 32 bytes or more; the tunnel's token becomes another one, connectors that run stay */
  setTunnelSecret(account: string, id: string, secret: string): Promise<void>;
  connectors(account: string, id: string): Promise<Connector[]>;
  /** Cuts every connection; a connector with a valid token comes back by itself. */
  disconnect(account: string, id: string): Promise<void>;
  ingress(account: string, id: string): Promise<ApiIngressRule[]>;
  /** Records of that name. */
  dnsRecords(zone: string, name: string): Promise<CloudflareDnsRecord[]>;
}

export function createCloudflareClient(options: CloudflareOptions): CloudflareClient {
  const ask = transport(options);
  const path = (account: string, id: string) => `/accounts/${account}/cfd_tunnel/${id}`;
  return {
    zones: () => ask.list<CloudflareZone>("/zones"),
    async tunnel(account, id) {
      const found = await ask.get<CloudflareTunnel>(path(account, id)).catch(unlessGone);
      return found?.deleted_at ? undefined : found;
    },
    tunnelToken: (account, id) => ask.get<string>(`${path(account, id)}/token`),
    setTunnelSecret: (account, id, secret) => ask.change("PATCH", path(account, id), { tunnel_secret: secret }),
    connectors: (account, id) => ask.get<Connector[]>(`${path(account, id)}/connections`),
    disconnect: (account, id) => ask.change("DELETE", `${path(account, id)}/connections`),
    async ingress(account, id) {
      const found = await ask.get<{ config: { ingress?: ApiIngressRule[] } | null }>(
        `${path(account, id)}/configurations`,
      );
      return found.config?.ingress ?? [];
    },
    dnsRecords: (zone, name) => ask.list(`/zones/${zone}/dns_records?name=${encodeURIComponent(name)}`),
  };
}

function unlessGone(error: unknown): undefined {
  if (error instanceof CloudflareApiError && error.status === 404) return undefined;
  throw error;
}

interface Body {
  result: unknown;
  result_info?: { page: number; total_pages: number };
}

function transport(options: CloudflareOptions) {
  const base = (options.url ?? CLOUDFLARE_URL).replace(/\/+$/, "");
  const request = (method: string, path: string, body?: unknown): Promise<Body> => {
    const url = new URL(`${base}${path}`);
    const settings = {
      ...{ signal: options.signal, breakers: options.breakers, destination: url.host, judge },
      refused: (error: CircuitOpenError) =>
        new CloudflareApiError(`${method} ${url.pathname}`, { status: 0, message: error.message }, { cause: error }),
    };
    return call("cloudflare", settings, (one) => attempt(options, method, url, body, one));
  };
  return {
    get: async <T>(path: string) => (await request("GET", path)).result as T,
    /** For changes that do no harm when they are made twice. */
    async change(method: "PATCH" | "PUT" | "DELETE", path: string, body?: unknown): Promise<void> {
      await request(method, path, body);
    },
    async list<T>(path: string): Promise<T[]> {
      const items: T[] = [];
      for (let page = 1; ; page++) {
        const separator = path.includes("?") ? "&" : "?";
        const body = await request("GET", `${path}${separator}page=${page}&per_page=${PAGE_SIZE}`);
        items.push(...(body.result as T[]));
        if (page >= (body.result_info?.total_pages ?? 1)) return items;
      }
    },
  };
}

function judge(error: unknown): Judgement {
  if (!(error instanceof CloudflareApiError)) return { retry: false, failure: false };
  const down = error.status === 0 || error.status >= 500;
  return {
    retry: down || error.status === 429,
    failure: down,
    retryAfterMs: error.retryAfter === undefined ? undefined : error.retryAfter * 1000,
  };
}

async function attempt(options: CloudflareOptions, method: string, url: URL, body: unknown, one: Try): Promise<Body> {
  const operation = `${method} ${url.pathname}`;
  const headers = { authorization: `Bearer ${options.token}` };
  const { response, text } = await sendJson({ method, url, headers, body }, one, (cause) => {
    const code = (cause as { cause?: { code?: string } }).cause?.code ?? (cause as Error).name;
    const message =
      code === "TimeoutError" ? `no answer within ${one.timeoutMs / 1000} s` : `cannot be reached: ${code}`;
    return new CloudflareApiError(operation, { status: 0, message: `${url.host}: ${message}` }, { cause });
  });
  if (!response.ok) throw errorOf(operation, response, text);
  return JSON.parse(text) as Body;
}
