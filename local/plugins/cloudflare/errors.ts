import { ApiError, retryAfterSecondsOf } from "../rest/errors.ts";

interface Failure {
  code?: number;
  message?: string;
  error_chain?: Failure[];
}

/** The codes of answers to a token that is missing, of the wrong form, unknown, or not allowed to do this. */
const TOKEN_CODES = [1000, 6003, 9106, 9109, 10000];

const TOKEN_HINT =
  "; check CLOUDFLARE_API_TOKEN: it needs Account: Cloudflare Tunnel: Edit, Zone: DNS: Edit and Zone: Zone: Read, for this account and zone";

/** A refusal with the API's own code. */
export class CloudflareError extends ApiError {
  readonly codes: readonly number[] = [];

  constructor(message: string, of: ConstructorParameters<typeof ApiError>[1], codes: readonly number[]) {
    super(message, of);
    this.codes = codes;
  }
}

/** The API said no: `POST /accounts/ID/cfd_tunnel: 409 You already have a tunnel with this name (1013)`. */
export function refused(operation: string, response: Response, text: string): CloudflareError {
  const failures = failuresOf(text).flatMap((one) => [one, ...(one.error_chain ?? [])]);
  const codes = failures.flatMap(({ code }) => code ?? []);
  const told = failures.map(({ code, message }) => `${message ?? "error"}${code === undefined ? "" : ` (${code})`}`);
  const reason = told.join(": ") || text.trim().slice(0, 200) || response.statusText || "no explanation was given";
  const hint = codes.some((code) => TOKEN_CODES.includes(code)) && response.status < 500 ? TOKEN_HINT : "";
  return new CloudflareError(
    `${operation}: ${response.status} ${reason}${hint}`,
    { status: response.status, reason, retryAfterSeconds: retryAfterSecondsOf(response) },
    codes,
  );
}

function failuresOf(text: string): Failure[] {
  try {
    return (JSON.parse(text) as { errors?: Failure[] }).errors ?? [];
  } catch {
    return [];
  }
}

/** Whether the API refused with one of these codes. */
export function hasCode(error: unknown, ...codes: number[]): error is CloudflareError {
  return error instanceof CloudflareError && error.codes.some((code) => codes.includes(code));
}
