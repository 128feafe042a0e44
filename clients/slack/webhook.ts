import { DelegateBackoff, handleWhen, type IRetryBackoffContext, retry } from "cockatiel";
import { redact } from "../../domain/redaction.ts";

/** A message for a Slack webhook, and how it is sent. */
export interface SlackMessage {
  /** The webhook's address: whoever has it can post, so it never appears in an error. */
  url: string;
  text: string;
  /** Seconds for one try. @default 10 */
  timeoutSeconds?: number;
  /** Milliseconds before each further try. @default 2, 4 and 8 s */
  retryDelaysMs?: readonly number[];
  signal?: AbortSignal;
}

/** What Slack, or the way to it, has against a message. */
export class SlackError extends Error {
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, message: string, retryAfterSeconds?: number) {
    super(message);
    this.name = "SlackError";
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

const RETRY_DELAYS_MS: readonly number[] = [2000, 4000, 8000];
/** Slack may ask for longer waits: then the caller is told. */
const LONGEST_RETRY_AFTER_SECONDS = 60;

/**
 * Posts to a webhook; tries again where Slack is busy or not reached (a message may come twice then). Throws `SlackError`, without the
 * webhook's address.
 */
export async function postToSlack(message: SlackMessage): Promise<void> {
  const delays = message.retryDelaysMs ?? RETRY_DELAYS_MS;
  const backoff = new DelegateBackoff<IRetryBackoffContext<unknown>>(({ attempt, result }) => {
    const asked = "error" in result && result.error instanceof SlackError ? (result.error.retryAfterSeconds ?? 0) : 0;
    return Math.max(delays[attempt - 1] ?? 0, asked * 1000);
  });
  const policy = retry(handleWhen(isTransient), { maxAttempts: delays.length, backoff });
  await policy.execute(({ signal }) => post(message, signal), message.signal);
}

function isTransient(error: unknown): boolean {
  if (!(error instanceof SlackError)) return false;
  if (error.status === 429) return (error.retryAfterSeconds ?? 0) <= LONGEST_RETRY_AFTER_SECONDS;
  return error.status === 0 || error.status >= 500;
}

async function post({ url, text, timeoutSeconds = 10 }: SlackMessage, signal: AbortSignal): Promise<void> {
  let status: number;
  let answer: string;
  let retryAfter: string | null;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1000)]),
    });
    status = response.status;
    retryAfter = response.headers.get("retry-after");
    answer = await response.text();
  } catch (error) {
    signal.throwIfAborted();
    throw new SlackError(0, `the Slack webhook was not reached: ${why(error, timeoutSeconds)}`);
  }
  if (status >= 200 && status < 300) return;
  // An answer may repeat the path.
  const said = redact(answer.slice(0, 200), [url, new URL(url).pathname]).trim();
  const seconds = retryAfter === null ? undefined : Number(retryAfter) || undefined;
  throw new SlackError(status, `the Slack webhook answered ${status}${said ? `: ${said}` : ""}`, seconds);
}

/** The code only: the message of a failed fetch may hold the address. */
function why(error: unknown, timeoutSeconds: number): string {
  if (error instanceof Error && error.name === "TimeoutError") return `no answer within ${timeoutSeconds} s`;
  const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined;
  return cause?.code ?? (error instanceof TypeError ? "its address is no URL" : "unknown reason");
}
