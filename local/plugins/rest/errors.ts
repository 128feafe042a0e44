/** An answer of the API that is not a success, or none at all. */
export class ApiError extends Error {
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  /** What the API says is wrong, without the request it is about. */
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;
  /** The request never reached the API, so it may be repeated. */
  readonly unsent: boolean;

  constructor(
    message: string,
    of: { status: number; reason: string; retryAfterSeconds?: number; unsent?: boolean },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "ApiError";
    this.status = of.status;
    this.reason = of.reason;
    this.retryAfterSeconds = of.retryAfterSeconds;
    this.unsent = of.unsent ?? false;
  }

  /** Nobody knows whether the change was made. */
  get unclear(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

/** The user cancelled the update while a request was under way. */
export class Interrupted extends ApiError {
  constructor(operation: string) {
    super(`${operation}: cancelled`, { status: 0, reason: "cancelled" });
    this.name = "Interrupted";
  }
}

/** No answer: the connection failed, broke, or the time was over. */
export function noAnswer(operation: string, endpoint: string, error: unknown): ApiError {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  const code = cause?.code ?? (error as Error).name;
  const unsent = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"].includes(code);
  const reason = unsent ? `${endpoint} cannot be reached (${code})` : `the answer was lost (${code})`;
  return new ApiError(`${operation}: ${reason}`, { status: 0, reason, unsent }, { cause: error });
}

export function isStatus(error: unknown, ...statuses: number[]): error is ApiError {
  return error instanceof ApiError && statuses.includes(error.status);
}

/** What is asked for; undefined where the API says that it is not there. */
export async function unlessGone<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

/** Seconds after which the API wants to be asked again, where it says so. */
export function retryAfterSecondsOf({ headers }: Response): number | undefined {
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds : undefined;
}
