import type { Try } from "./call.ts";

/** A request of an API that speaks JSON. */
export interface JsonRequest {
  method: string;
  url: URL | string;
  /** Beside those that tell of the body. */
  headers?: Readonly<Record<string, string>>;
  /** @default none */
  body?: unknown;
  /** What carries the request. @default the runtime's own */
  fetch?: typeof fetch | undefined;
}

/**
 * Makes a request in one try, and reads the whole answer. Throws what `unreached` makes of the failure where none came, the signal's reason where the
 * call was stopped.
 */
export async function sendJson(
  { method, url, headers, body, fetch: send = fetch }: JsonRequest,
  { deadline, signal }: Try,
  unreached: (cause: unknown) => Error,
): Promise<{ response: Response; text: string }> {
  const content = body === undefined ? {} : { "content-type": "application/json" };
  try {
    const response = await send(url, {
      method,
      headers: { ...headers, ...content },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: deadline,
    });
    return { response, text: await response.text() };
  } catch (cause) {
    signal.throwIfAborted();
    throw unreached(cause);
  }
}
