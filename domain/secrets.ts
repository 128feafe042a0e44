import { SECRET_PATTERNS } from "./secret-patterns.ts";

/** Where a secret stands. What it says is kept out on purpose. */
export interface FoundSecret {
  /** As in `a GitHub token`. */
  kind: string;
  /** From 1. */
  line: number;
}

/** Bits per character from which a value beside a word like "token" is taken for one that was drawn at random. */
const RANDOM_BITS = 3;
const TOKEN_CHARACTERS = 16;
const PASSWORD_CHARACTERS = 6;

const PASSWORD_NAME = /(?:password|passwd|passphrase|(?:^|[_.-])(?:pwd|pass))$/i;
const TOKEN_NAME = /(?:secret|token|(?:api|access|private|secret|encryption|signing|auth|master)[_-]?key)$/i;

/** What documentation writes in the place of a token: `ghp_xxxxxxxxxxxx`, `AKIAIOSFODNN7EXAMPLE`. */
const EXAMPLE = /(.)\1{9}|EXAMPLE/;

/** `NAME=value`, `name: value`, `"name": "value"`, `--name value`; the name ends in a word that announces a secret. */
const ASSIGNMENT =
  /(?<![\w.-])(?<name>(?:--)?[\w.-]{0,50}?(?:password|passwd|passphrase|pwd|pass|secret|token|key))(?:["']?[ \t]{0,8}(?:=>|[:=])[ \t]{0,8}|(?<=--[\w-]{0,60})[ \t]+)(?<value>"[^"\n]{0,500}"|'[^'\n]{0,500}'|[^\s"'`;&|)}\],]{1,500})/gi;

/**
 * Secrets in a text: by the published shapes, and by the value that is given to a name like `DB_PASSWORD`. References to variables, paths
 * and other placeholders are none. The answer never holds a secret.
 */
export function findSecrets(text: string): FoundSecret[] {
  const found = [...byShape(text), ...byName(text)].sort((a, b) => a.at - b.at);
  const byLine = new Map<number, FoundSecret>();
  let [line, from] = [1, 0];
  for (const { kind, at } of found) {
    line += text.slice(from, at).split("\n").length - 1;
    from = at;
    if (!byLine.has(line)) byLine.set(line, { kind, line });
  }
  return [...byLine.values()];
}

/** What the value of a variable is, where it is a secret; undefined where it is none. */
export function secretValue(name: string, value: string): string | undefined {
  if (isPlaceholder(value)) return undefined;
  if (PASSWORD_NAME.test(name) && isPassword(value)) return "a password";
  if (TOKEN_NAME.test(name) && isRandom(value)) return "a secret value";
  return [...byShape(value)][0]?.kind;
}

function* byShape(text: string): Generator<{ kind: string; at: number }> {
  for (const { kind, pattern } of SECRET_PATTERNS) {
    for (const match of text.matchAll(pattern)) {
      const value = match.groups?.value;
      const example = value === undefined ? EXAMPLE.test(match[0]) : isPlaceholder(value);
      if (!example) yield { kind, at: match.index };
    }
  }
}

function* byName(text: string): Generator<{ kind: string; at: number }> {
  for (const match of text.matchAll(ASSIGNMENT)) {
    const { name, value: written } = match.groups as { name: string; value: string };
    const value = written.replace(/^(["'])(.*)\1$/, "$2");
    if (isPlaceholder(value)) continue;
    const secret = (PASSWORD_NAME.test(name) && isPassword(value)) || (TOKEN_NAME.test(name) && isRandom(value));
    if (secret && !isComment(text, match.index)) {
      yield { kind: `a value for ${name.replace(/^-+/, "")}`, at: match.index };
    }
  }
}

/** References (`$NAME`, `${NAME}`, `{{ name }}`, `%s`, `<name>`, `[redacted]`), masks, paths, and values that App Platform has encrypted. */
function isPlaceholder(value: string): boolean {
  return (
    /\$(?!(?:y|gy|[1-7]|2[abxy]|argon2\w*)\$)[\w{(]|\{\{|%[sv]|%\(|<[\w -]+>|^\[|^(?:EV\[|!vault|ENC\[)/.test(value) ||
    /^(?:\/|\.{1,2}\/|~\/|file:)/.test(value) ||
    /^(.)\1*$/.test(value) ||
    /\b(?:your|my|example|placeholder|redacted|insert|replace)[_-]/i.test(value)
  );
}

/** Not a switch, nor a word of nsswitch.conf(5), nor what makes cloud-init draw one. */
function isPassword(value: string): boolean {
  const plain = /^(?:true|false|none|null|undefined|random|required|optional|disabled|enabled|prompt|compat|systemd)$/i;
  return value.length >= PASSWORD_CHARACTERS && !/\s/.test(value) && !plain.test(value);
}

/** Long, with digits, no words with separators (`my-app-secret-v2`), no address, and of an entropy that words do not have. */
function isRandom(value: string): boolean {
  const words = /^(?:[a-z]+|[A-Z]+|[A-Z]?[a-z]+|v?\d{1,4})(?:[-_.:/@](?:[a-z]+|[A-Z]+|[A-Z]?[a-z]+|v?\d{1,4}))*$/;
  if (value.length < TOKEN_CHARACTERS || !/^[\w.~+/=:-]+$/.test(value) || !/\d/.test(value)) return false;
  return !words.test(value) && !value.includes("://") && entropy(value) >= RANDOM_BITS;
}

/** Shannon's, in bits per character. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

function isComment(text: string, at: number): boolean {
  return /^\s*(?:#|\/\/)/.test(text.slice(text.lastIndexOf("\n", at - 1) + 1, at + 1));
}
