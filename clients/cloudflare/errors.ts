import { redact } from "../../domain/redaction.ts";

/** An answer of Cloudflare's API that is not a success, after all retries. */
export class CloudflareApiError extends Error {
  /** The HTTP status; 0 when no answer came (see `cause`). */
  readonly status: number;
  /** Cloudflare's own numbers for what went wrong, the causes behind a refusal too. */
  readonly codes: readonly number[];
  /** Seconds the API asked to wait before the next try. */
  readonly retryAfter: number | undefined;

  constructor(
    operation: string,
    answer: { status: number; codes?: readonly number[]; message: string; retryAfter?: number },
    options: { cause?: unknown } = {},
  ) {
    const told = [answer.status || "no answer", ...(answer.codes ?? [])].join(", ");
    super(`${operation}: ${redact(answer.message)} (${told})`, options);
    this.name = "CloudflareApiError";
    this.status = answer.status;
    this.codes = answer.codes ?? [];
    this.retryAfter = answer.retryAfter;
  }

  /** Whether the token is missing, of the wrong form, unknown, or not allowed to do this. */
  get tokenRefused(): boolean {
    return this.status < 500 && this.codes.some((code) => [1000, 6003, 9106, 9109, 10000].includes(code));
  }
}

interface Failure {
  code?: number;
  message?: string;
  error_chain?: Failure[];
}

/** Reads an error answer: `{success: false, errors: [{code, message, error_chain}]}`, or no JSON at all. */
export function errorOf(operation: string, { status, headers }: Response, body: string): CloudflareApiError {
  const failures = failuresOf(body).flatMap((one) => [one, ...(one.error_chain ?? [])]);
  const message = failures
    .map((one) => one.message)
    .filter(Boolean)
    .join(": ");
  const retryAfter = Number(headers.get("retry-after") ?? Number.NaN);
  return new CloudflareApiError(operation, {
    status,
    codes: failures.flatMap(({ code }) => code ?? []),
    message: message || body.slice(0, 200).trim() || "empty answer",
    ...(Number.isFinite(retryAfter) ? { retryAfter } : {}),
  });
}

function failuresOf(body: string): Failure[] {
  try {
    return (JSON.parse(body) as { errors?: Failure[] }).errors ?? [];
  } catch {
    return [];
  }
}
