import { randomBytes } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { OWN_ROOT } from "./own-root.ts";
import { type CloudName, inherited, pulumiHome, type Target } from "./target.ts";

/** Where the local cloud answers; written by it when it is ready. */
export interface CloudAddress {
  url: string;
  token: string;
  pid: number;
  backend: "docker" | "none";
  startedAt?: string;
}

/**
 * The environment in which the engine, its plugins and the program run: the only difference between the ways to run
 * (a real account, the local cloud). `windlass env` prints it for a plain `pulumi`; a real account's token is not in it.
 */
export function engineEnvironment(target: Pick<Target, "root" | "home" | "cloud" | "backend">): Record<string, string> {
  const { root, home, cloud, backend } = target;
  if (backend.startsWith("file://")) mkdirSync(backend.slice("file://".length), { recursive: true });
  return {
    ...passphrase(home),
    ...(cloud === "local" ? localCloudEnvironment(home) : withoutLocalCloud()),
    PULUMI_HOME: pulumiHome(home, cloud),
    PULUMI_BACKEND_URL: backend,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    WINDLASS_HOME: home,
    WINDLASS_CLOUD: cloud,
    PATH: toolPath(root),
  };
}

/** The user's own passphrase, else one made for this machine: stacks of a first run need no answer to a question. */
function passphrase(home: string): Record<string, string> {
  if (process.env.PULUMI_CONFIG_PASSPHRASE !== undefined) return {};
  if (process.env.PULUMI_CONFIG_PASSPHRASE_FILE) return {};
  const path = join(home, "passphrase");
  if (!existsSync(path)) {
    mkdirSync(home, { recursive: true });
    const own = `${path}.${process.pid}`;
    writeFileSync(own, randomBytes(24).toString("base64url"), { mode: 0o600 });
    try {
      // Whole from the first moment: an empty one would be taken for the passphrase.
      linkSync(own, path);
    } catch (error) {
      // Another command made it in the same moment.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      rmSync(own);
    }
  }
  return { PULUMI_CONFIG_PASSPHRASE_FILE: path };
}

/** Bundled plugins only, and the local cloud in DigitalOcean's place. */
function localCloudEnvironment(home: string): Record<string, string> {
  const address = cloudAddress(home);
  return {
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
    ...(address ? localAccounts(address) : {}),
  };
}

/** The local cloud answers as DigitalOcean and as Cloudflare, to one token. */
function localAccounts({ url, token }: CloudAddress): Record<string, string> {
  return {
    DIGITALOCEAN_API_URL: url,
    DIGITALOCEAN_TOKEN: token,
    CLOUDFLARE_BASE_URL: `${url}/client/v4`,
    CLOUDFLARE_API_TOKEN: token,
  };
}

/** Takes back what a shell with the exports of the local way holds: empty counts as not set. */
function withoutLocalCloud(): Record<string, string> {
  if (process.env.WINDLASS_CLOUD !== "local") return {};
  return Object.fromEntries(LOCAL_ONLY.map((name) => [name, ""]));
}

const LOCAL_ONLY = [
  "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",
  "PULUMI_IGNORE_AMBIENT_PLUGINS",
  "DIGITALOCEAN_API_URL",
  "DIGITALOCEAN_TOKEN",
  "CLOUDFLARE_BASE_URL",
  "CLOUDFLARE_API_TOKEN",
];

/** The local cloud's address as it was last written; whether it answers is another question. */
export function cloudAddress(home: string): CloudAddress | undefined {
  try {
    return JSON.parse(readFileSync(join(home, "cloud", "cloud.json"), "utf8")) as CloudAddress;
  } catch {
    return undefined;
  }
}

/** Our pinned Node and Pulumi first, so that every child process finds them. */
function toolPath(root: string): string {
  const tools = [root, OWN_ROOT].flatMap((base) => [
    join(base, ".tools", "node", "bin"),
    join(base, ".tools", "pulumi", "bin"),
  ]);
  const own = [...new Set(tools)].filter((folder) => existsSync(folder));
  const rest = (process.env.PATH ?? "").split(delimiter).filter((folder) => !own.includes(folder));
  return [...own, ...rest].join(delimiter);
}

/** The account's token as the environment gives it, under any of the names in use; the local cloud's own on the local way. */
export function accountToken(cloud: CloudName, home: string): string | undefined {
  if (cloud === "local") return cloudAddress(home)?.token;
  return ["DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN", "DO_API_TOKEN"].map(inherited).find((token) => token);
}

/** The API's address; undefined = DigitalOcean's own. */
export function accountUrl(cloud: CloudName, home: string): string | undefined {
  return cloud === "local" ? cloudAddress(home)?.url : inherited("DIGITALOCEAN_API_URL");
}
