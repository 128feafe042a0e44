/** A line that a container has written, as one record for programs. */
export interface LogRecord {
  /** RFC 3339, as the engine stamps it. */
  timestamp: string;
  service: string;
  container: string;
  stream: "stdout" | "stderr";
  /** `trace`, `debug`, `info`, `warn`, `error` or `fatal`; only of a line that is a JSON object and says it. */
  level?: string;
  message: string;
  /** What else the JSON object of the line has. */
  fields?: Record<string, unknown>;
}

/** Where programs keep them in their JSON lines: zap, slog, logrus, pino, bunyan, tracing, structlog, Python's logging, Google's LogEntry, ECS. */
const LEVELS = ["level", "severity", "lvl", "levelname", "log.level"];
const MESSAGES = ["message", "msg", "event", "textPayload"];

const NAMES: Record<string, string> = {
  trace: "trace",
  debug: "debug",
  info: "info",
  information: "info",
  notice: "info",
  warn: "warn",
  warning: "warn",
  err: "error",
  error: "error",
  critical: "fatal",
  crit: "fatal",
  alert: "fatal",
  emerg: "fatal",
  emergency: "fatal",
  panic: "fatal",
  dpanic: "fatal",
  fatal: "fatal",
};

/** pino's and bunyan's numbers: 10 is trace, 60 is fatal. */
const NUMBERS = ["trace", "debug", "info", "warn", "error", "fatal"];

/** A line that is a JSON object is taken apart: its level, its message, and the rest; any other is the message as it is. */
export function logRecord(line: {
  time: string;
  service: string;
  container: string;
  stream: LogRecord["stream"];
  text: string;
}): LogRecord {
  const { time: timestamp, service, container, stream, text } = line;
  const origin = { timestamp, service, container, stream };
  const object = objectIn(text);
  if (!object) return { ...origin, message: text };
  const levelKey = LEVELS.find((key) => levelOf(object[key]) !== undefined);
  const messageKey = MESSAGES.find((key) => typeof object[key] === "string");
  const level = levelKey === undefined ? undefined : levelOf(object[levelKey]);
  const fields = Object.fromEntries(Object.entries(object).filter(([key]) => key !== levelKey && key !== messageKey));
  return {
    ...origin,
    ...(level === undefined ? {} : { level }),
    message: messageKey === undefined ? text : String(object[messageKey]),
    ...(messageKey === undefined || Object.keys(fields).length === 0 ? {} : { fields }),
  };
}

function objectIn(text: string): Record<string, unknown> | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function levelOf(value: unknown): string | undefined {
  if (typeof value === "string") return NAMES[value.toLowerCase()];
  return typeof value === "number" ? NUMBERS[value / 10 - 1] : undefined;
}
