/**
 * What every answer of the API has in common: error bodies, pages, links.
 * Sources: the API description's introduction (errors, links and meta, rate limit) and texts seen in public issue threads.
 */

/** The `id` of an error body by status. */
const ERROR_IDS: Record<number, string> = {
  400: "bad_request",
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  409: "conflict",
  412: "precondition_failed",
  422: "unprocessable_entity",
  429: "too_many_requests",
  500: "server_error",
  502: "bad_gateway",
  503: "service_unavailable",
  504: "gateway_timeout",
};

/** What a status says when nobody says it better. */
const DEFAULT_MESSAGES: Record<number, string> = {
  400: "error parsing request body",
  401: "Unable to authenticate you",
  404: "The resource you were accessing could not be found.",
  429: "API rate limit exceeded.",
  500: "Unexpected server-side error",
};

/** An answer that is a refusal. */
export class ApiError extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(status: number, message?: string, headers: Record<string, string> = {}) {
    super(message ?? DEFAULT_MESSAGES[status] ?? "Server Error");
    this.status = status;
    this.headers = headers;
  }

  body(requestId: string): { id: string; message: string; request_id: string } {
    return { id: ERROR_IDS[this.status] ?? "error", message: this.message, request_id: requestId };
  }

  /** The other shape that the description has, for one answer: a tag that cannot be made. */
  rootCauses(): Record<string, unknown> {
    const cause = `rpc error: code = InvalidArgument desc = ${this.message}`;
    return { error: this.message, messages: null, root_causes: [cause] };
  }
}

export function notFound(): ApiError {
  return new ApiError(404);
}

export function unprocessable(message: string): ApiError {
  return new ApiError(422, message);
}

/** DigitalOcean's word for it, which clients look for before they try again. */
export function pendingEvent(what: "Droplet" | "reserved IP" = "Droplet"): ApiError {
  return unprocessable(
    what === "Droplet" ? "Droplet already has a pending event." : `The ${what} already has a pending event.`,
  );
}

/** One request, as the rules of a family see it. */
export interface Call {
  params: Record<string, string>;
  query: Record<string, string | undefined>;
  /** The parsed body; an empty object where there was none. */
  body: Record<string, unknown>;
  headers: Record<string, string | string[] | undefined>;
  /** The path without its query. */
  path: string;
  /** What links start with, e.g. `http://127.0.0.1:8080`. */
  origin: string;
}

/** One operation of the API. `handle` of anything but a GET runs in one transaction. */
export interface Route {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With `:name` for parameters. */
  path: string;
  /** Of a success; 204 has no body. */
  status: number;
  handle(call: Call, prepared?: unknown): unknown;
  /** The answer changes with time, not only with the objects. */
  timed?: boolean;
  /** Runs before `handle`, outside the transaction, for what cannot be done at once; its result is `handle`'s second argument. */
  prepare?(call: Call): Promise<unknown>;
}

/** One page of a list, `links` and `meta` with it. Page numbers start at 1; 20 to a page unless asked, 200 at most. */
export function page<T>(call: Call, total: number, read: (range: { limit: number; offset: number }) => T[]) {
  const limit = Math.min(200, positive(call.query["per_page"], 20));
  const number = positive(call.query["page"], 1);
  const items = read({ limit, offset: (number - 1) * limit });
  return { items, envelope: { links: pageLinks(call, number, limit, total), meta: { total } } };
}

/** A page of an array that is there already. */
export function pageOf<T>(call: Call, all: readonly T[]) {
  return page(call, all.length, ({ limit, offset }) => all.slice(offset, offset + limit));
}

function pageLinks(call: Call, number: number, limit: number, total: number): { pages?: Record<string, string> } {
  const last = Math.max(1, Math.ceil(total / limit));
  if (last === 1) return {};
  const link = (n: number) => {
    const query = new URLSearchParams(call.query as Record<string, string>);
    query.set("page", String(n));
    query.set("per_page", String(limit));
    return `${call.origin}${call.path}?${query}`;
  };
  const pages: Record<string, string> = {};
  if (number > 1) Object.assign(pages, { first: link(1), prev: link(Math.min(number - 1, last)) });
  if (number < last) Object.assign(pages, { next: link(number + 1), last: link(last) });
  return { pages };
}

function positive(text: string | undefined, fallback: number): number {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : fallback;
}

/** A field of a body that must be text. */
export function text(body: Record<string, unknown>, field: string): string {
  const value = body[field];
  if (typeof value !== "string" || value === "") throw unprocessable(`${field} is required`);
  return value;
}

/** A list of texts; nothing and null are the empty list. */
export function texts(body: Record<string, unknown>, field: string): string[] {
  const value = body[field] ?? [];
  if (!Array.isArray(value) || value.some((entry) => typeof entry !== "string"))
    throw unprocessable(`${field} must be a list of strings`);
  return value;
}

/** A list of whole numbers; clients that send them as text are understood. */
export function integers(body: Record<string, unknown>, field: string): number[] {
  const value = body[field] ?? [];
  if (!Array.isArray(value) || value.some((entry) => !Number.isInteger(Number(entry))))
    throw unprocessable(`${field} must be a list of integers`);
  return value.map(Number);
}
