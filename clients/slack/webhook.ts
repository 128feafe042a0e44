import { redact } from "../../domain/redaction.ts";
import { call, type Judgement, type Try } from "../resilience/index.ts";
import { sendJson } from "../resilience/send-json.ts";

/** A message for a Slack webhook, and how it is sent. */
export interface SlackMessage {
  /** The webhook's address: whoever has it can post, so it never appears in an error. */
  url: string;
  text: string;
  /** Seconds for one try. @default 10 */
  timeoutSeconds?: number;
  /** Milliseconds before each further try. @default 2, 4 and 8 s, and a little at random */
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

/**
 * Posts to a webhook; tries again where Slack is busy or not reached (a message may come twice then). Throws `SlackError`, without the
 * webhook's address.
 */
export async function postToSlack(message: SlackMessage): Promise<void> {
  const { timeoutSeconds, retryDelaysMs, signal } = message;
  if (!URL.canParse(message.url)) throw new SlackError(0, "the Slack webhook was not reached: its address is no URL");
  const settings = {
    ...{ retryDelaysMs, signal, judge },
    timeoutMs: timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000,
    destination: new URL(message.url).host,
    refused: (error: Error) => new SlackError(0, `the Slack webhook was not asked: ${error.message}`),
  };
  await call("slack", settings, (one) => post(message, one));
}

function judge(error: unknown): Judgement {
  if (!(error instanceof SlackError)) return { retry: false, failure: false };
  const { status, retryAfterSeconds } = error;
  const down = status === 0 || status >= 500;
  const retryAfterMs = retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1000;
  return { retry: down || status === 429, failure: down, retryAfterMs };
}

async function post({ url, text }: SlackMessage, one: Try): Promise<void> {
  const { response, text: answer } = await sendJson({ method: "POST", url, body: { text } }, one, (error) => {
    return new SlackError(0, `the Slack webhook was not reached: ${why(error, one.timeoutMs)}`);
  });
  if (response.ok) return;
  const { status, headers } = response;
  // An answer may repeat the path.
  const said = redact(answer.slice(0, 200), [url, new URL(url).pathname]).trim();
  const seconds = Number(headers.get("retry-after")) || undefined;
  throw new SlackError(status, `the Slack webhook answered ${status}${said ? `: ${said}` : ""}`, seconds);
}

/** The code only: the message of a failed fetch may hold the address. */
function why(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === "TimeoutError") return `no answer within ${timeoutMs / 1000} s`;
  const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined;
  return cause?.code ?? "unknown reason";
}
