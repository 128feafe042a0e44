import { readFileSync } from "node:fs";
import { basename, extname, resolve } from "node:path";
import { catalogTunnelFile, catalogTunnels } from "../../catalog/tunnels/names.ts";
import { UserError } from "../../domain/errors.ts";
import { nearest } from "../../domain/spelling.ts";
import { readTunnelFile, type TunnelFile } from "../../domain/tunnel/file.ts";
import { matchingRule, requestOf } from "../../domain/tunnel/match.ts";

/** A tunnel's declaration and where it was read. */
export interface DeclaredTunnel extends TunnelFile {
  /** Absolute. */
  file: string;
}

/**
 * Reads a tunnel's file, or a name of the catalog; what lies in the working folder under that name comes first. Throws `UserError`
 * `ConfigInvalid` with every problem and its line, `NotFound`.
 */
export function readTunnel(word: string): DeclaredTunnel {
  const file = resolve(word);
  const found = textOf(file);
  if (found !== undefined) return declared(file, found);
  const fromCatalog = catalogTunnelFile(word);
  if (fromCatalog) return declared(fromCatalog, readFileSync(fromCatalog, "utf8"));
  const names = catalogTunnels();
  const meant = nearest(word, names);
  throw new UserError("NotFound", {
    reason: `there is no file ${word}, and no such name in the catalog (${names.join(", ")})`,
    suggestion: meant ? `did you mean ${meant}?` : "name a file in the form of cloudflared's config.yml",
  });
}

function declared(file: string, text: string): DeclaredTunnel {
  return { ...readTunnelFile(text, file, basename(file, extname(file))), file };
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    const reason = code === "EISDIR" ? `${file} is a folder, not a file` : message;
    throw new UserError("ConfigInvalid", { reason, file });
  }
}

export interface TunnelCheck {
  tunnel: string;
  file: string;
  rules: { hostname: string | null; path: string | null; service: string }[];
  /** Keys of the file that are not applied, with their lines. */
  ignored: { key: string; line: number }[];
  /** Which rule takes each address that was asked for; positions count from 1. */
  matches: { url: string; rule: number; service: string }[];
}

/** Checks a file without asking anybody. Throws as `readTunnel` does. */
export function checkTunnel(word: string, urls: readonly string[] = []): TunnelCheck {
  const { name, file, ingress, ignored } = readTunnel(word);
  return {
    tunnel: name,
    file,
    rules: ingress.map(({ hostname = null, path = null, service }) => ({ hostname, path, service })),
    ignored,
    matches: urls.map((url) => {
      const index = matchingRule(ingress, requestOf(url));
      return { url, rule: index + 1, service: ingress[index]?.service ?? "" };
    }),
  };
}
