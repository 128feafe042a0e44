import { createHmac } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** What the `ssh` options of the provider say; the others mean nothing to a connection made without the `ssh` program. */
export interface SshOptions {
  identityFile?: string;
  port?: number;
  user?: string;
  /** A host that no file knows: `yes` refuses it, `no` takes it. */
  strict: boolean;
  knownHostsFiles: string[];
}

/**
 * Reads options as `ssh` would: `-i FILE`, `-p PORT`, `-l USER`, `-o NAME=VALUE` (or `NAME VALUE`, or `-oNAME=VALUE`).
 * @throws Error that names an option that is not understood: one that is ignored could be the one that keeps a stranger out
 */
export function sshOptionsOf(words: readonly string[]): SshOptions {
  const options: SshOptions = { strict: true, knownHostsFiles: [join(homedir(), ".ssh", "known_hosts")] };
  for (let index = 0; index < words.length; index++) {
    const word = words[index]?.trim() ?? "";
    const [, flag = "", joined = ""] = /^-([iplo])\s*(.*)$/.exec(word) ?? [];
    if (!flag) throw new Error(`sshOpts: "${word}" is not understood; -i, -p, -l and -o are`);
    const value = joined || (words[++index]?.trim() ?? "");
    if (flag === "i") options.identityFile = home(value);
    else if (flag === "p") options.port = Number(value);
    else if (flag === "l") options.user = value;
    else named(value, options);
  }
  return options;
}

function named(setting: string, options: SshOptions): void {
  const [name = "", value = ""] = setting.split(/\s*=\s*|\s+/, 2);
  switch (name.toLowerCase()) {
    case "identityfile":
      options.identityFile = home(value);
      return;
    case "port":
      options.port = Number(value);
      return;
    case "user":
      options.user = value;
      return;
    case "stricthostkeychecking":
      options.strict = !["no", "off", "accept-new"].includes(value.toLowerCase());
      return;
    case "userknownhostsfile":
      options.knownHostsFiles = setting
        .slice(name.length + 1)
        .trim()
        .split(/\s+/)
        .map(home);
      return;
    case "batchmode":
    case "connecttimeout":
    case "loglevel":
    case "controlmaster":
    case "controlpath":
    case "controlpersist":
    case "serveraliveinterval":
    case "identitiesonly":
      return;
    default:
      throw new Error(`sshOpts: the option ${name} is not understood`);
  }
}

function home(path: string): string {
  return path.replace(/^~(?=\/)/, homedir());
}

/** The strongest first; a server is asked for the first of these that is known of it. */
const TYPES = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];

/**
 * The key that known_hosts files hold of a host, as in `ssh-ed25519 AAAA...`; undefined when they do not know it.
 * Reads plain, hashed and `[host]:port` entries; marked ones (@revoked, @cert-authority) and name patterns with wildcards are not read.
 */
export function knownHostKey(files: readonly string[], host: string, port: number): string | undefined {
  const name = port === 22 ? host : `[${host}]:${port}`;
  const keys = new Map<string, string>();
  for (const file of files.filter((one) => existsSync(one))) {
    for (const line of readFileSync(file, "utf8").split("\n")) {
      const [names = "", type = "", key = ""] = line.trim().split(/\s+/);
      if (!names || /^[#@]/.test(names) || !key) continue;
      if (names.split(",").some((one) => matches(one, name)) && !keys.has(type)) keys.set(type, `${type} ${key}`);
    }
  }
  return TYPES.map((type) => keys.get(type)).find((key) => key !== undefined);
}

function matches(entry: string, name: string): boolean {
  const [, salt = "", hash = ""] = /^\|1\|(.+)\|(.+)$/.exec(entry) ?? [];
  if (!salt) return entry === name;
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
}
