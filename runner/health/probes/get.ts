/** Bytes of an answer that are read. */
const LONGEST = 1 << 20;

export interface Answer {
  status: number;
  /** At most a MiB of it. */
  body: string;
}

/** Asks a URL; user and password in it go into a header. Follows redirects. */
export async function get(address: string, signal: AbortSignal): Promise<Answer> {
  const url = new URL(address);
  const { username, password } = url;
  url.username = url.password = "";
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const headers = username ? { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` } : {};
  const response = await fetch(url, { headers, signal });
  let body = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    body += decoder.decode(chunk as Uint8Array, { stream: true });
    if (body.length >= LONGEST) break;
  }
  return { status: response.status, body };
}

/** The JSON of an answer; undefined where it is none. */
export function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
