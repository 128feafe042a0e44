/** What stands where a secret was. */
export const REDACTED = "[redacted]";

/**
 * Shapes of secrets that must not reach a log, an error or a terminal: DigitalOcean tokens (personal, OAuth, refresh, Spaces keys),
 * bearer headers, passwords in addresses, private keys.
 */
const SECRETS: readonly [RegExp, string][] = [
  [/\b(?:dop|doo|dor)_v1_[A-Za-z0-9]+/g, REDACTED],
  [/\bDO[0-9A-Z]{18}\b/g, REDACTED],
  [/\b(bearer\s+)[A-Za-z0-9._~+/=-]+/gi, `$1${REDACTED}`],
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s@/]+@/gi, `$1${REDACTED}@`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
];

/** The text with everything that looks like a secret, and each of the `known` ones, taken out. */
export function redact(text: string, known: readonly string[] = []): string {
  let clean = text;
  for (const secret of known) {
    if (secret.length >= 6) clean = clean.replaceAll(secret, REDACTED);
  }
  for (const [pattern, replacement] of SECRETS) clean = clean.replace(pattern, replacement);
  return clean;
}
