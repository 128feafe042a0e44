import type { Log } from "./log.ts";
import { isProperties, type Properties, Secret, type Value } from "./values.ts";

/** Shorter ones are words that occur by themselves. */
const SHORTEST = 6;

/** In a secret that holds more than a text, such as a connection, only these parts are hidden: not the host's name. */
const SECRET_NAME = /(password|privatekey|token|secret|passphrase)/i;

/** Hides what came as a secret from lines and errors that are shown. */
export function redactor(...properties: Properties[]): (text: string) => string {
  const secrets = new Set<string>();
  for (const value of properties) collect(value, "", false, secrets);
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((result, secret) => result.replaceAll(secret, "[secret]"), text);
}

function collect(value: Value, name: string, secret: boolean, into: Set<string>): void {
  if (value instanceof Secret) {
    if (typeof value.value === "string") add(value.value, into);
    else collect(value.value, name, true, into);
  } else if (typeof value === "string") {
    if (secret && SECRET_NAME.test(name)) add(value, into);
  } else if (Array.isArray(value)) {
    for (const item of value) collect(item, name, secret, into);
  } else if (isProperties(value)) {
    for (const [part, one] of Object.entries(value)) collect(one, part, secret, into);
  }
}

/** A text of several lines may be shown line by line. */
function add(text: string, into: Set<string>): void {
  for (const line of [text.trim(), ...text.split("\n").map((one) => one.trim())]) {
    if (line.length >= SHORTEST) into.add(line);
  }
}

/** The same log, with secrets hidden. */
export function redacted(log: Log, hide: (text: string) => string): Log {
  return {
    info: (message) => log.info(hide(message)),
    warning: (message) => log.warning(hide(message)),
    status: (message) => log.status(hide(message)),
  };
}
