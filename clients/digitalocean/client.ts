import { type Breakers, type CircuitOpenError, call, type Try } from "../resilience/index.ts";
import { sendJson } from "../resilience/send-json.ts";
import { ApiError, errorOf } from "./errors.ts";
import { judge } from "./judge.ts";
import { DIGITALOCEAN_URL } from "./url.ts";

/** The largest page the API gives. */
const PAGE_SIZE = 200;

export interface ClientOptions {
  /** A personal access token; never appears in an error. */
  token: string;
  /** @default `https://api.digitalocean.com`; a trailing slash or `/v2` is fine */
  url?: string;
  /** Seconds for one try of one call. @default 30 */
  timeoutSeconds?: number;
  /** Milliseconds before each further try. @default 2, 4 and 8 s, and a little at random */
  retryDelaysMs?: readonly number[];
  /** @default those of this process */
  breakers?: Breakers;
  /** Stops calls that are under way or waiting for their next try. */
  signal?: AbortSignal;
  /** What carries the calls. @default the runtime's own */
  fetch?: typeof fetch;
}

/** One JSON call to the API, with timeout, retries and typed errors. */
export interface Transport {
  get<T>(path: string, query?: Query): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  put<T>(path: string, body: unknown): Promise<T>;
  delete(path: string): Promise<void>;
  /** Every item under `key`, page by page. */
  list<T>(path: string, key: string, query?: Query): AsyncGenerator<T>;
}

export type Query = Record<string, string | number | undefined>;

/** Calls throw `ApiError`, and the signal's reason when they are stopped. */
export function createTransport(options: ClientOptions): Transport {
  const base = (options.url ?? DIGITALOCEAN_URL).replace(/\/+$/, "").replace(/\/v2$/, "");

  async function request<T>(method: string, path: string, query?: Query, body?: unknown): Promise<T> {
    const url = new URL(`${base}${path}`);
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const settings = {
      ...{ retryDelaysMs: options.retryDelaysMs, signal: options.signal, breakers: options.breakers },
      timeoutMs: options.timeoutSeconds === undefined ? undefined : options.timeoutSeconds * 1000,
      destination: url.host,
      judge: (error: unknown) => judge(method, error),
      refused: (error: CircuitOpenError) =>
        new ApiError(
          `${method} ${url.pathname}`,
          { status: 0, id: "circuit_open", message: error.message },
          { cause: error },
        ),
    };
    return (await call("digitalocean", settings, (one) => attempt(options, method, url, body, one))) as T;
  }

  async function* list<T>(path: string, key: string, query: Query = {}): AsyncGenerator<T> {
    for (let page = 1; ; page++) {
      const answer = await request<Page>("GET", path, { ...query, page, per_page: PAGE_SIZE });
      yield* (answer[key] ?? []) as T[];
      if (!answer.links?.pages?.next) return;
    }
  }

  return {
    get: (path, query) => request("GET", path, query),
    post: (path, body) => request("POST", path, undefined, body),
    put: (path, body) => request("PUT", path, undefined, body),
    delete: (path) => request("DELETE", path),
    list,
  };
}

type Page = { links?: { pages?: { next?: string } } } & Record<string, unknown>;

async function attempt(options: ClientOptions, method: string, url: URL, body: unknown, one: Try) {
  const operation = `${method} ${url.pathname}`;
  const headers = { authorization: `Bearer ${options.token}`, accept: "application/json" };
  const { response, text } = await sendJson({ method, url, headers, body, fetch: options.fetch }, one, (cause) => {
    const message = networkMessage(cause, url, one.timeoutMs);
    return new ApiError(operation, { status: 0, id: "network", message }, { cause });
  });
  if (!response.ok) throw errorOf(operation, response.status, response.headers, text);
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const message = "the answer is not JSON; is this address DigitalOcean's API?";
    throw new ApiError(operation, { status: response.status, id: "not_json", message }, { cause });
  }
}

function networkMessage(cause: unknown, url: URL, timeoutMs: number): string {
  if (cause instanceof Error && cause.name === "TimeoutError") {
    return `no answer from ${url.host} within ${timeoutMs / 1000} s`;
  }
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const code = (inner as { code?: string }).code;
  return `cannot reach ${url.host}: ${code ?? (inner instanceof Error ? inner.message : String(inner))}`;
}
