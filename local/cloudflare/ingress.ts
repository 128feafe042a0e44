import { refusal } from "./wire.ts";

/** The rules as the API takes them. */
interface Rule {
  hostname?: unknown;
  path?: unknown;
  service?: unknown;
}

/** Services that are no address. */
const NAMED = new Set(["hello_world", "hello-world", "bastion", "socks-proxy"]);

/** What the API says of ingress rules, which are those of cloudflared. @throws Refusal 1056 */
export function checkIngress(config: unknown): void {
  const rules = (config as { ingress?: unknown } | null)?.ingress;
  if (rules === undefined || rules === null) return;
  if (!Array.isArray(rules) || rules.length === 0) throw bad("The config doesn't contain any ingress rules");
  for (const [index, rule] of (rules as Rule[]).entries()) {
    const [hostname, path] = [String(rule.hostname ?? ""), String(rule.path ?? "")];
    checkService(String(rule.service ?? ""));
    if (/:\d*$/.test(hostname)) throw bad("Hostname cannot contain a port");
    if (hostname.lastIndexOf("*") > 0)
      throw bad(
        'Hostname patterns can have at most one wildcard character ("*") and it can only be used for subdomains, e.g. "*.example.com"',
      );
    const takesAll = (hostname === "" || hostname === "*") && path === "";
    const last = index === rules.length - 1;
    if (last && !takesAll)
      throw bad("The last ingress rule must match all URLs (i.e. it should not have a hostname or path filter)");
    if (!last && takesAll)
      throw bad(
        `Rule #${index + 1} is matching the hostname '${hostname}', but this will match every hostname, meaning the rules which follow it will never be triggered.`,
      );
  }
}

function checkService(service: string): void {
  if (NAMED.has(service) || /^unix(\+tls)?:/.test(service)) return;
  if (service.startsWith("http_status:")) {
    const status = service.slice("http_status:".length);
    if (!/^\d{3}$/.test(status) || Number(status) < 100) throw bad(`invalid HTTP status code: ${status}`);
    return;
  }
  const address = /^[a-z][a-z0-9+.-]*:\/\/(?:\[[^\]]+\]|[^/:?#]+)(?::\d+)?(?<path>[/?#].*)?$/i.exec(service);
  if (!address) throw bad(`${service} is an invalid address, please make sure it has a scheme and a hostname`);
  if (address.groups?.path)
    throw bad(
      `${service} is an invalid address, ingress rules don't support proxying to a different path on the origin service. The path will be the same as the eyeball request's path`,
    );
}

function bad(reason: string) {
  return refusal(400, 1056, `Bad Configuration: Validation failed: ${reason}`);
}
