import { cloudConfig, type Document, documents, placeOf } from "./user-data.ts";

/** One thing in user data that lets people log in with a password. */
export interface PasswordLogin {
  /** As in `sets ssh_pwauth`. */
  what: string;
  place: string;
}

/** What a line of a cloud-config, a script or an sshd_config does. Sources: cloud-init's modules "Set Passwords" and "Users and Groups", sshd_config(5), passwd(1), usermod(8). */
const LINES: readonly [RegExp, string][] = [
  [/(?<![#\w-])ssh_pwauth["']?\s*:\s*["']?(?:true|yes|on|1)\b/i, "sets ssh_pwauth"],
  [
    /(?<![#\w-])lock[_-]passwd["']?\s*:\s*["']?(?:false|no|off|0)\b/i,
    "unlocks the password of a user with lock_passwd",
  ],
  [/(?<![#\w^/])PasswordAuthentication["']?[\s=]+["']?yes\b/i, "sets PasswordAuthentication to yes"],
  [
    /(?<![#\w^/])(?:KbdInteractive|ChallengeResponse)Authentication["']?[\s=]+["']?yes\b/i,
    "lets sshd ask for passwords by keyboard-interactive",
  ],
  [/(?<![#\w^/])PermitEmptyPasswords["']?[\s=]+["']?yes\b/i, "lets sshd take empty passwords"],
  [/(?<![\w.-])chpasswd\b(?!["']?\s*:|[\w.-])/, "sets a password with chpasswd"],
  [
    /(?<![\w.-]|\/etc\/)passwd\s+(?:[^\n;&|]{0,200}?\s)?(?:-u|--unlock|-d|--delete|--stdin)(?![\w-])/,
    "unlocks or sets a password with passwd",
  ],
  [
    /\b(?:usermod|useradd)\s(?:[^\n;&|]{0,200}?\s)?(?:-p|--password)[\s=]+(?!["']?[!*])/,
    "sets a password with usermod or useradd",
  ],
  [/\busermod\s(?:[^\n;&|]{0,200}?\s)?(?:-U|--unlock)(?![\w-])/, "unlocks a password with usermod"],
];

/** What in user data turns password login on. Comments, and what `sed` and `grep` only look for, do not. */
export function passwordLogins(userData: string): PasswordLogin[] {
  const found = documents(userData).flatMap((document) =>
    document.tooLarge
      ? [{ what: "packs more than 1 MiB, which is not read", place: placeOf(document, 1) }]
      : [...inLines(document), ...inConfig(document)],
  );
  const whats = new Set<string>();
  return found.filter(({ what }) => !whats.has(what) && whats.add(what));
}

function inLines(document: Document): PasswordLogin[] {
  return document.text.split("\n").flatMap((line, index) => {
    const done = effective(line);
    const place = placeOf(document, index + 1);
    return LINES.filter(([pattern]) => pattern.test(done)).map(([, what]) => ({ what, place }));
  });
}

/** The line without comments, what grep searches for, and the search side of sed's commands. */
function effective(line: string): string {
  if (/^\s*#/.test(line)) return "";
  const searched = line.replace(/\b[efz]?grep\b[^|;&]*/g, "");
  if (!/\bsed\b/.test(searched)) return searched;
  return searched
    .replace(/\bs([/|#,@!~%])(?:\\.|(?!\1).)*\1((?:\\.|(?!\1).)*)\1/g, " $2 ")
    .replace(/\/(?:\\.|[^/\\])*\/I?d\b/g, "");
}

/** A password of the default user, or of named ones. */
function inConfig(document: Document): PasswordLogin[] {
  const config = cloudConfig(document);
  if (!config) return [];
  const place = placeOf(
    document,
    1 +
      Math.max(
        0,
        document.text.split("\n").findIndex((line) => /^(?:ch)?passw(?:d|ord)\s*:/.test(line)),
      ),
  );
  const { password, chpasswd } = config;
  const { list, users } = (typeof chpasswd === "object" && chpasswd !== null ? chpasswd : {}) as Record<
    string,
    unknown
  >;
  const named = [list, users].some((one) =>
    typeof one === "string" ? one.trim() !== "" : Array.isArray(one) && one.length > 0,
  );
  return [
    ...(password ? [{ what: "sets a password for the default user", place }] : []),
    ...(named ? [{ what: "sets passwords of users with chpasswd", place }] : []),
  ];
}
