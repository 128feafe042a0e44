/**
 * What every answer of Cloudflare's API v4 has in common: `{success, errors, messages, result, result_info}`.
 * Sources: the public description of the API, and codes and texts seen in public issue threads; where those tell none the code is 1001.
 */

/** One entry of `errors`. */
export interface Failure {
  code: number;
  message: string;
  error_chain?: Failure[];
}

/** An answer that is a refusal. */
export class Refusal extends Error {
  readonly status: number;
  readonly failures: Failure[];
  readonly headers: Record<string, string>;

  constructor(status: number, failures: Failure[], headers: Record<string, string> = {}) {
    super(failures[0]?.message);
    this.status = status;
    this.failures = failures;
    this.headers = headers;
  }
}

export function refusal(status: number, code: number, message: string): Refusal {
  return new Refusal(status, [{ code, message }]);
}

/** A value of a DNS record that cannot be: the API nests the reason. */
export function dnsRefusal(code: number, message: string): Refusal {
  return new Refusal(400, [{ code: 1004, message: "DNS Validation Error", error_chain: [{ code, message }] }]);
}

export function noRoute(path: string): Refusal {
  return new Refusal(400, [
    { code: 7003, message: `Could not route to ${path}, perhaps your object identifier is invalid?` },
    { code: 7000, message: "No route for that URI" },
  ]);
}

/** What an operation gets. */
export interface Call {
  params: Record<string, string>;
  query: Record<string, string | undefined>;
  body: Record<string, unknown>;
}

/** What an operation answers, put into the envelope. */
export interface Answer {
  result: unknown;
  info?: ResultInfo;
}

export interface ResultInfo {
  page: number;
  per_page: number;
  count: number;
  total_count: number;
  total_pages: number;
}

/** An operation below `/client/v4`. */
export interface Operation {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  handle(call: Call): Answer;
}

/** One page of a list. @param largest the most entries that a page may have */
export function paged<T>({ query }: Call, all: readonly T[], largest: number, standard = 20): Answer & { result: T[] } {
  const whole = (name: string, fallback: number): number => {
    const value = Number(query[name] ?? fallback);
    return Number.isInteger(value) && value > 0 ? value : fallback;
  };
  const page = whole("page", 1);
  const perPage = Math.min(whole("per_page", standard), largest);
  const result = all.slice((page - 1) * perPage, page * perPage);
  const pages = Math.ceil(all.length / perPage);
  const info = { page, per_page: perPage, count: result.length, total_count: all.length, total_pages: pages };
  return { result, info };
}

/** The whole body of an answer. */
export function envelope({ result, info }: Answer): Record<string, unknown> {
  return { success: true, errors: [], messages: [], result, ...(info ? { result_info: info } : {}) };
}

export function refusedBody(failures: readonly Failure[]): Record<string, unknown> {
  return { success: false, errors: failures, messages: [], result: null };
}
