import { domainToASCII } from "node:url";
import { RE2JS } from "re2js";
import type { OriginRequest } from "./origin-request.ts";

/** One ingress rule of a tunnel: where requests for a hostname and path go. */
export interface IngressRule {
  /** `api.example.com`, `*.example.com`; every one where it is left out or `*`. */
  hostname?: string;
  /** Regular expression of RE2, somewhere in the request's path; every one where it is left out. */
  path?: string;
  /** `http://web:8080`, `tcp://db:5432`, `unix:/PATH`, `http_status:404`, ... */
  service: string;
  originRequest?: OriginRequest;
}

/** What is wrong with a rule. */
export interface IngressProblem {
  /** Position of the rule; undefined where it is about all of them. */
  rule?: number;
  key?: "hostname" | "path" | "service";
  reason: string;
  suggestion: string;
}

const CATCH_ALL_FIX = "end with a rule of a service alone: service: http_status:404";

/**
 * What cloudflared (2026.8.2, `cloudflared tunnel ingress validate`) refuses, and what it takes although it can never work: a rule that an
 * earlier one hides, a hostname that no request has.
 */
export function ingressProblems(rules: readonly IngressRule[]): IngressProblem[] {
  if (rules.length === 0) return [{ reason: "there are no ingress rules", suggestion: CATCH_ALL_FIX }];
  return rules.flatMap((rule, index) => {
    const own = [...serviceProblems(rule.service), ...hostnameProblems(rule), ...pathProblems(rule)];
    const place =
      own.length > 0 ? [] : [...catchAllProblems(rule, index, rules), ...hiddenProblems(rule, index, rules)];
    return [...own, ...place].map((problem) => ({ ...problem, rule: index }));
  });
}

/** Whether the rule takes every request. */
export function takesEverything({ hostname, path }: IngressRule): boolean {
  return isAnyHost(hostname) && !path;
}

/** The hostnames of the rules, each once, in their order: those that need a DNS record. */
export function hostnamesOf(rules: readonly IngressRule[]): string[] {
  return [...new Set(rules.flatMap(({ hostname }) => (isAnyHost(hostname) ? [] : [hostname as string])))];
}

function isAnyHost(hostname: string | undefined): boolean {
  return hostname === undefined || hostname === "" || hostname === "*";
}

/** Services that are no address, as cloudflared names them. */
const NAMED = ["hello_world", "hello-world", "bastion", "socks-proxy"];

const ADDRESS =
  /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?<host>\[[0-9a-f:.]+\]|[^\s/?#:@%]+)(?::(?<port>\d*))?(?<rest>[/?#].*)?$/i;

function serviceProblems(service: string): IngressProblem[] {
  const problem = (reason: string, suggestion: string): IngressProblem[] => [{ key: "service", reason, suggestion }];
  if (NAMED.includes(service)) return [];
  if (/^unix(\+tls)?:/.test(service))
    return /^unix(\+tls)?:.+/.test(service) ? [] : problem("names no socket", "as in unix:/run/web.sock");
  const status = /^http_status:(?<code>.*)$/.exec(service)?.groups?.code;
  if (status !== undefined) {
    const known = /^[+]?\d+$/.test(status) && Number(status) >= 100 && Number(status) <= 999;
    return known ? [] : problem(`"${status}" is no HTTP status`, "as in http_status:404");
  }
  const address = ADDRESS.exec(service)?.groups;
  if (!address) return problem(`"${service}" is no address`, "give a scheme and a host, as in http://web:8080");
  if (address.rest)
    return problem(
      `"${service}" has a path, and cloudflared passes on the path of the request`,
      "leave out what follows the port",
    );
  if (address.port && Number(address.port) > 65_535) return problem(`${address.port} is no port`, "1 to 65535");
  return [];
}

const LABEL = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?";
const HOSTNAME = new RegExp(`^(?=.{1,253}$)(\\*\\.)?(${LABEL}\\.)+${LABEL}$`);

function hostnameProblems({ hostname }: IngressRule): IngressProblem[] {
  if (hostname === undefined || isAnyHost(hostname)) return [];
  const problem = (reason: string, suggestion: string): IngressProblem[] => [{ key: "hostname", reason, suggestion }];
  if (/:\d*$/.test(hostname))
    return problem(`"${hostname}" has a port`, "requests are told apart by name and path only");
  if (hostname.lastIndexOf("*") > 0 || (hostname.startsWith("*") && !hostname.startsWith("*.")))
    return problem(`"${hostname}": a wildcard stands for whole names at the beginning only`, "as in *.example.com");
  if (hostname !== hostname.toLowerCase())
    return problem(
      `"${hostname}" has capital letters, and no request has: cloudflared compares letter by letter`,
      "write it in small letters",
    );
  const plain = hostname.startsWith("*.") ? `*.${domainToASCII(hostname.slice(2))}` : domainToASCII(hostname);
  return HOSTNAME.test(plain) ? [] : problem(`"${hostname}" is no hostname`, "as in api.example.com");
}

function pathProblems({ path }: IngressRule): IngressProblem[] {
  if (!path) return [];
  try {
    RE2JS.compile(path);
    return [];
  } catch (error) {
    const reason = `"${path}" is no regular expression of RE2 (${(error as Error).message})`;
    return [{ key: "path", reason, suggestion: "cloudflared knows no look-around and no back references" }];
  }
}

function catchAllProblems(rule: IngressRule, index: number, rules: readonly IngressRule[]): IngressProblem[] {
  const last = index === rules.length - 1;
  if (last && !takesEverything(rule))
    return [{ reason: "the last rule takes not every request", suggestion: CATCH_ALL_FIX }];
  if (last || !takesEverything(rule)) return [];
  return [{ reason: "takes every request: the rules after it are never reached", suggestion: "move it to the end" }];
}

/** A rule that never sees a request, because an earlier one takes them all. */
function hiddenProblems(rule: IngressRule, index: number, rules: readonly IngressRule[]): IngressProblem[] {
  if (takesEverything(rule)) return [];
  const before = rules.slice(0, index).findIndex((earlier) => !takesEverything(earlier) && hides(earlier, rule));
  if (before < 0) return [];
  const same = rules[before]?.hostname === rule.hostname && (rules[before]?.path ?? "") === (rule.path ?? "");
  const what = same
    ? `is the same as rule ${before + 1}`
    : `is never reached: rule ${before + 1} takes all of its requests`;
  return [
    {
      key: rule.hostname ? "hostname" : "path",
      reason: what,
      suggestion: same ? "remove one of them" : "move it before that rule",
    },
  ];
}

function hides(earlier: IngressRule, later: IngressRule): boolean {
  const allPaths = !earlier.path || earlier.path === later.path;
  return allPaths && (isAnyHost(earlier.hostname) || covers(earlier.hostname as string, later.hostname));
}

function covers(earlier: string, later: string | undefined): boolean {
  if (later === undefined || isAnyHost(later)) return false;
  return earlier === later || (earlier.startsWith("*.") && later.endsWith(earlier.slice(1)));
}
