import { redact } from "../../domain/redaction.ts";

/** An answer of the API that is not a success, after all retries. */
export class ApiError extends Error {
  /** The HTTP status; 0 when no answer came (see `cause`). */
  readonly status: number;
  /** DigitalOcean's word for it, such as `not_found`, `unprocessable_entity`, `too_many_requests`; `network` when no answer came. */
  readonly id: string;
  readonly requestId: string | undefined;
  /** Seconds the API asked to wait before the next try. */
  readonly retryAfter: number | undefined;
  /** What was asked for: method and path, without the query. */
  readonly operation: string;

  constructor(
    operation: string,
    answer: { status: number; id: string; message: string; requestId?: string; retryAfter?: number },
    options: { cause?: unknown } = {},
  ) {
    super(`${operation}: ${redact(answer.message)} (${answer.status || "no answer"}, ${answer.id})`, options);
    this.name = "ApiError";
    this.status = answer.status;
    this.id = answer.id;
    this.requestId = answer.requestId;
    this.retryAfter = answer.retryAfter;
    this.operation = operation;
  }

  /** Whether the object asked about is not there. */
  get notFound(): boolean {
    return this.status === 404;
  }
}

/** Reads an error answer; the body is `{id, message, request_id}`, or `{error, messages}` for some tag calls, or no JSON at all. */
export function errorOf(operation: string, status: number, headers: Headers, body: string): ApiError {
  const parsed = parse(body);
  const messages = Array.isArray(parsed.messages) ? parsed.messages.join("; ") : undefined;
  return new ApiError(operation, {
    status,
    id: text(parsed.id) ?? text(parsed.error) ?? "unknown",
    message: text(parsed.message) ?? messages ?? (body.slice(0, 200).trim() || "empty answer"),
    requestId: text(parsed.request_id) ?? headers.get("x-request-id") ?? undefined,
    retryAfter: secondsOf(headers.get("retry-after")),
  });
}

/** `Retry-After` is a number of seconds or an HTTP date. */
function secondsOf(value: string | null): number | undefined {
  if (value === null || value.trim() === "") return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - Date.now()) / 1000);
}

function parse(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
