/** A request that the engine refused, or that never got a whole answer. */
export class EngineError extends Error {
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  /** Nobody knows whether the change was made. */
  readonly unclear: boolean;

  constructor(message: string, of: { status: number; unclear?: boolean }, options?: ErrorOptions) {
    super(message, options);
    this.name = "EngineError";
    this.status = of.status;
    this.unclear = of.unclear ?? false;
  }
}

export function isStatus(error: unknown, ...statuses: number[]): error is EngineError {
  return error instanceof EngineError && statuses.includes(error.status);
}

interface RawError extends Error {
  statusCode?: number;
  code?: string;
  json?: { message?: string };
  reason?: string;
}

const UNREACHABLE = ["ECONNREFUSED", "ENOENT", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH"];
const LOST = ["ECONNRESET", "EPIPE", "ECONNABORTED"];

/**
 * What went wrong, in words that say what to do.
 * @param doing as in `create container "web"`
 * @param place of the engine, as in `unix:///var/run/docker.sock`
 */
export function engineError(error: unknown, doing: string, place: string): Error {
  if (error instanceof EngineError) return error;
  const raw = error as RawError;
  if (raw.statusCode !== undefined) {
    const reason = plain(raw.json?.message ?? raw.message);
    return new EngineError(`${doing}: ${reason}${adviceFor(reason)}`, { status: raw.statusCode }, { cause: error });
  }
  return noAnswer(raw, doing, place);
}

function noAnswer(raw: RawError, doing: string, place: string): EngineError {
  const code = raw.code ?? "";
  const fail = (text: string, unclear = false) =>
    new EngineError(`${doing}: ${text}`, { status: 0, unclear }, { cause: raw });
  if (raw.name === "AbortError" || code === "ABORT_ERR") return fail("cancelled", true);
  if (code === "EACCES" || code === "EPERM") {
    return fail(`the Docker engine at ${place} does not let this user in (${code}): add the user to its group`);
  }
  if (UNREACHABLE.includes(code)) {
    return fail(
      `the Docker engine at ${place} cannot be reached (${code}): is it running, and is the provider's host right?`,
    );
  }
  if (/cert|self.signed|ERR_TLS|ERR_SSL|EPROTO|UNABLE_TO/i.test(code + raw.message)) {
    return fail(
      `the TLS connection to the Docker engine at ${place} failed (${raw.message.trim()}): compare caMaterial, ` +
        "certMaterial and keyMaterial with the engine's",
    );
  }
  if (LOST.includes(code) || /socket hang up|aborted/i.test(raw.message)) {
    return fail(`the answer of the Docker engine at ${place} was lost (${code || raw.message})`, true);
  }
  return fail(raw.message);
}

/** Without the prefixes that every layer of the engine adds. */
function plain(message: string): string {
  return message
    .replace(/^\(HTTP code \d+\) [\w ]+ - /, "")
    .replace(/^Error response from daemon: /, "")
    .trim();
}

/** What to do about the refusals that people meet. */
export function adviceFor(reason: string): string {
  if (/no space left on device/i.test(reason)) {
    return " (the engine's disk is full: docker system df shows what holds it, docker system prune frees what is unused)";
  }
  if (/No such image|pull access denied|manifest unknown|not found: manifest/i.test(reason)) {
    return " (the image was not found: check its name and tag, or make it with docker.RemoteImage or docker.Image first)";
  }
  if (/port is already allocated|address already in use/i.test(reason)) {
    return " (another program or container of the host has the port: stop it, or publish another port)";
  }
  return "";
}
