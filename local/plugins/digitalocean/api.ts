import { pause, retryDelaysMs } from "../engine/wait.ts";
import { ApiError, Interrupted, noAnswer, refused } from "./errors.ts";

/** Where the API is and who asks. */
export interface ApiSettings {
  endpoint: string;
  token: string;
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
  /** @param body DigitalOcean takes one when a tag is removed */
  remove(path: string, body?: Json): Promise<Json>;
  /** All items of a list, page by page. @param path may have a query already */
  list(path: string, key: string): Promise<Json[]>;
  readonly signal: AbortSignal;
}

/** Seconds for one try; an answer that takes longer counts as lost. */
const TRY_SECONDS = 60;
/** The largest page the API gives. */
const PAGE_SIZE = 200;
/** How often a refusal for too many requests is waited out. */
const RATE_LIMIT_TRIES = 20;

export function connectApi(settings: ApiSettings, signal: AbortSignal): Api {
  const call = (method: string, path: string, body?: Json, once = false) =>
    patiently({ method, path, body, once }, settings, signal);
  return {
    signal,
    get: (path) => call("GET", path),
    post: (path, body) => call("POST", path, body, true),
    postAgain: (path, body) => call("POST", path, body),
    put: (path, body) => call("PUT", path, body),
    remove: (path, body) => call("DELETE", path, body),
    async list(path, key) {
      const items: Json[] = [];
      for (let page = 1; ; page++) {
        const separator = path.includes("?") ? "&" : "?";
        const answer = await call("GET", `${path}${separator}page=${page}&per_page=${PAGE_SIZE}`);
        items.push(...(answer[key] ?? []));
        if (!answer.links?.pages?.next) return items;
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
async function patiently(request: Request, settings: ApiSettings, signal: AbortSignal): Promise<Json> {
  const delays = retryDelaysMs();
  for (let limited = 0; ; ) {
    try {
      return await attempt(request, settings, signal);
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
async function attempt({ method, path, body }: Request, settings: ApiSettings, signal: AbortSignal): Promise<Json> {
  const operation = `${method} ${path.replace(/\?.*/, "")}`;
  if (signal.aborted) throw new Interrupted(operation);
  const tooLong = AbortSignal.timeout(TRY_SECONDS * 1000);
  try {
    const response = await fetch(`${settings.endpoint}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${settings.token}`,
        "content-type": "application/json",
        "user-agent": "windlass-plugins",
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: method === "GET" ? AbortSignal.any([signal, tooLong]) : tooLong,
    });
    const text = await response.text();
    if (!response.ok) throw refused(operation, response, text);
    return text ? JSON.parse(text) : {};
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw signal.aborted ? new Interrupted(operation) : noAnswer(operation, settings.endpoint, error);
  }
}
