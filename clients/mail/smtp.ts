import { createTransport } from "nodemailer";
import { redact } from "../../domain/redaction.ts";
import { call, type Try } from "../resilience/index.ts";

/** A plain text mail, and the server that sends it. */
export interface Mail {
  /** `smtp://` (with STARTTLS where the server has it) or `smtps://`, with user and password where it wants them; never in an error. */
  url: string;
  from: string;
  to: readonly string[];
  subject: string;
  text: string;
  /** Certificate authority of the server in PEM form, beside those of the system. */
  ca?: string;
  /** Seconds for each answer of the server. @default 20 */
  timeoutSeconds?: number;
  /** Milliseconds before each further try. @default 2, 4 and 8 s, and a little at random */
  retryDelaysMs?: readonly number[];
  signal?: AbortSignal;
}

/** What the mail server, or the way to it, has against a mail. */
export class MailError extends Error {
  /** The server's answer code; undefined where none came. */
  readonly responseCode: number | undefined;
  /** Whether another try may help. */
  readonly transient: boolean;

  constructor(message: string, responseCode: number | undefined, transient: boolean) {
    super(message);
    this.name = "MailError";
    this.responseCode = responseCode;
    this.transient = transient;
  }
}

/**
 * Sends a mail; tries again where the server is not reached or says "later". A password is sent over TLS only, except to this machine.
 * Throws `MailError`, without user and password.
 */
export async function sendMail(mail: Mail): Promise<void> {
  const server = parseServer(mail.url);
  const { timeoutSeconds, retryDelaysMs, signal } = mail;
  const settings = {
    ...{ retryDelaysMs, signal },
    timeoutMs: timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000,
    destination: `${server.host}:${server.port}`,
    judge: (error: unknown) => {
      const transient = error instanceof MailError && error.transient;
      return { retry: transient, failure: transient && error.responseCode === undefined };
    },
    refused: (error: Error) => new MailError(`the mail server was not asked: ${error.message}`, undefined, true),
  };
  await call("mail", settings, (one) => attempt(mail, server, one));
}

async function attempt(mail: Mail, server: Server, { signal, timeoutMs: milliseconds }: Try): Promise<void> {
  const transport = createTransport({
    ...{ host: server.host, port: server.port, secure: server.secure },
    ...(server.user === "" ? {} : { auth: { user: server.user, pass: server.password } }),
    requireTLS: !server.secure && server.password !== "" && !isLoopback(server.host),
    ...{ connectionTimeout: milliseconds, greetingTimeout: milliseconds, socketTimeout: milliseconds },
    ...(mail.ca === undefined ? {} : { tls: { ca: mail.ca } }),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const stop = () => transport.close();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await transport.sendMail({ from: mail.from, to: [...mail.to], subject: mail.subject, text: mail.text });
  } catch (error) {
    signal.throwIfAborted();
    throw mailError(error as SmtpFailure, server, mail.url);
  } finally {
    signal.removeEventListener("abort", stop);
    transport.close();
  }
}

interface Server {
  host: string;
  port: number;
  secure: boolean;
  user: string;
  password: string;
}

function parseServer(url: string): Server {
  if (!/^smtps?:\/\//.test(url) || !URL.canParse(url))
    throw new MailError("the mail server's address is no smtp:// or smtps:// URL", undefined, false);
  const { protocol, hostname, port, username, password } = new URL(url);
  const secure = protocol === "smtps:";
  return {
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? (secure ? 465 : 587) : Number(port),
    secure,
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

type SmtpFailure = Error & { code?: string; responseCode?: number };

const UNREACHED = new Set(["ECONNECTION", "ETIMEDOUT", "ESOCKET", "EDNS", "ECONNREFUSED", "ECONNRESET"]);

function mailError(error: SmtpFailure, { host, user, password }: Server, url: string): MailError {
  const { code = "", responseCode } = error;
  const said = redact(error.message.split("\n")[0] ?? "", [url, password, encodeURIComponent(password), user]);
  const later = responseCode !== undefined && responseCode >= 400 && responseCode < 500;
  // A certificate that is not trusted will not be trusted in two seconds either.
  const untrusted = /certificate|self.signed/i.test(error.message);
  const transient = later || (responseCode === undefined && UNREACHED.has(code) && !untrusted);
  return new MailError(`the mail server ${host} did not take the mail: ${said}`, responseCode, transient);
}
