import { pause, retryDelaysMs } from "../engine/wait.ts";
import { ApiError, Interrupted, noAnswer } from "./errors.ts";

/** An API over HTTP with JSON bodies: where it is, who asks, and what is particular to it. */
export interface RestApi {
  endpoint: string;
  /** Sent as `Authorization: Bearer TOKEN`. */
  token: string;
  /** What an answer that is no success says. */
  refused(operation: string, response: Response, text: string): ApiError;
  /** A success's body as callers get it. @default as it is */
  unwrap?(body: Json): Json;
  /** The path of one page of a list; pages count from 1. */
  pagePath(path: string, page: number): string;
  /** What a page has, of the whole body. */
  page(body: Json, key: string): { items: Json[]; more: boolean };
}

// biome-ignore lint/suspicious/noExplicitAny: objects of the API are read by field name, as its description gives them
export type Json = any;

/** The API for one operation: every call ends when the signal aborts. */
export interface Api {
  get(path: string): Promise<Json>;
  /** Never repeated after an unclear answer, because the caller has to look first (`createOnce`). */
  post(path: string, body: Json): Promise<Json>;
  /** A POST that does no harm when it is done twice. */
  postAgain(path: string, body: Json): Promise<Json>;
  put(path: string, body: Json): Promise<Json>;
  patch(path: string, body: Json): Promise<Json>;
  /** @param body DigitalOcean takes one when a tag is removed */
  remove(path: string, body?: Json): Promise<Json>;
  /** All items of a list, page by page. @param path may have a query already */
  list(path: string, key: string): Promise<Json[]>;
  readonly signal: AbortSignal;
}

/** Seconds for one try; an answer that takes longer counts as lost. */
const TRY_SECONDS = 60;
/** How often a refusal for too many requests is waited out. */
const RATE_LIMIT_TRIES = 20;

export function connectRest(api: RestApi, signal: AbortSignal): Api {
  const whole = (method: string, path: string, body?: Json, once = false) =>
    patiently({ method, path, body, once }, api, signal);
  const call = async (method: string, path: string, body?: Json, once = false): Promise<Json> => {
    const answer = await whole(method, path, body, once);
    return api.unwrap ? api.unwrap(answer) : answer;
  };
  return {
    signal,
    get: (path) => call("GET", path),
    post: (path, body) => call("POST", path, body, true),
    postAgain: (path, body) => call("POST", path, body),
    put: (path, body) => call("PUT", path, body),
    patch: (path, body) => call("PATCH", path, body),
    remove: (path, body) => call("DELETE", path, body),
    async list(path, key) {
      const items: Json[] = [];
      for (let page = 1; ; page++) {
        const found = api.page(await whole("GET", api.pagePath(path, page)), key);
        items.push(...found.items);
        if (!found.more) return items;
      }
    },
  };
}

interface Request {
  method: string;
  path: string;
  body: Json;
  once: boolean;
}

/** Waits out rate limits; repeats what may be repeated. */
async function patiently(request: Request, api: RestApi, signal: AbortSignal): Promise<Json> {
  const delays = retryDelaysMs();
  for (let limited = 0; ; ) {
    try {
      return await attempt(request, api, signal);
    } catch (error) {
      if (!(error instanceof ApiError) || error instanceof Interrupted) throw error;
      if (error.status === 429 && limited < RATE_LIMIT_TRIES) {
        limited++;
        await pause((error.retryAfterSeconds ?? 1) * 1000, signal);
        continue;
      }
      const delay = error.unsent || (error.unclear && !request.once) ? delays.shift() : undefined;
      if (delay === undefined) throw error;
      await pause(delay, signal);
    }
  }
}

/** A change that is under way is not cut off by a cancel: what it made would be lost. */
async function attempt({ method, path, body }: Request, api: RestApi, signal: AbortSignal): Promise<Json> {
  const operation = `${method} ${path.replace(/\?.*/, "")}`;
  if (signal.aborted) throw new Interrupted(operation);
  const tooLong = AbortSignal.timeout(TRY_SECONDS * 1000);
  try {
    const response = await fetch(`${api.endpoint}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${api.token}`,
        "content-type": "application/json",
        "user-agent": "windlass-plugins",
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: method === "GET" ? AbortSignal.any([signal, tooLong]) : tooLong,
    });
    const text = await response.text();
    if (!response.ok) throw api.refused(operation, response, text);
    return text ? JSON.parse(text) : {};
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw signal.aborted ? new Interrupted(operation) : noAnswer(operation, api.endpoint, error);
  }
}
