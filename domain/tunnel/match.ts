import { domainToASCII } from "node:url";
import { RE2JS } from "re2js";
import { UserError } from "../errors.ts";
import type { IngressRule } from "./ingress.ts";

/** A request, as far as rules look at it. */
export interface TunnelRequest {
  hostname: string;
  /** Decoded; `/` where the address has none. */
  path: string;
}

/** Reads `https://api.example.com/x`. Throws `UserError` `UsageError`. */
export function requestOf(address: string): TunnelRequest {
  const url = URL.parse(address);
  if (!url?.hostname) {
    const reason = `"${address}" is no address`;
    throw new UserError("UsageError", { reason, suggestion: "as in https://api.example.com/health" }, { exitCode: 2 });
  }
  return { hostname: url.hostname, path: decoded(url.pathname) };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * The position of the rule that takes a request, as cloudflared finds it: the first whose hostname and path match. A wildcard stands for one
 * name or several; a path is looked for anywhere in the request's.
 */
export function matchingRule(rules: readonly IngressRule[], { hostname, path }: TunnelRequest): number {
  const found = rules.findIndex((rule) => hostMatches(rule, hostname) && pathMatches(rule, path));
  return found < 0 ? rules.length - 1 : found;
}

function hostMatches({ hostname }: IngressRule, asked: string): boolean {
  if (!hostname || hostname === "*") return true;
  const ascii = hostname.startsWith("*.") ? `*.${domainToASCII(hostname.slice(2))}` : domainToASCII(hostname);
  return ascii === asked || (ascii.startsWith("*.") && asked.endsWith(ascii.slice(1)));
}

function pathMatches({ path }: IngressRule, asked: string): boolean {
  return !path || RE2JS.compile(path).matcher(asked).find();
}
