import { z } from "zod";
import { isUnknown } from "../../domain/cost/inputs.ts";
import { type Forwarding, forwardings } from "../load-balancer.ts";
import { resourceRule, type Subject } from "../rule.ts";

const settings = z.object({
  tlsPassthrough: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Names of load balancers that may leave TLS to the machines behind them, on the ports 80 and 443 of TCP too",
    ),
});

export const rule = resourceRule({
  id: "load-balancer-https",
  title: "public load balancers answer plain HTTP with a redirect to HTTPS and end TLS themselves",
  reason:
    "What goes over plain HTTP is read and changed on its way, passwords and session cookies first (OWASP ASVS 4.0, 9.1.1). With TLS passed through, the certificates and the TLS versions of each machine behind decide, and nobody looks after them in one place. Only port 80 is redirected.",
  fix: "forward 443 as https with a certificateName, 80 as http with redirectHttpToHttps: true; list a load balancer that has to pass TLS through in `tlsPassthrough`",
  severity: "high",
  types: ["loadBalancer"],
  settings,
  judge(resource, { tlsPassthrough }) {
    const passes = [resource.name, resource.inputs.name].some((name) => tlsPassthrough.includes(String(name)));
    const rules = forwardings(resource);
    return [
      ...rules.flatMap((one) => (passes ? [] : passing(one))),
      ...rules.flatMap((one) => plain(one, rules, resource, passes)),
    ];
  },
});

/** TLS that goes on to the machines behind: said so, or as plain TCP on the port of HTTPS. */
function passing({ where, tlsPassthrough, entryProtocol, entryPort }: Forwarding): string[] {
  if (tlsPassthrough) return [`${where} passes TLS through, and it is not listed in tlsPassthrough`];
  if (tlsPassthrough === undefined && entryProtocol !== undefined)
    return [`${where} may pass TLS through: tlsPassthrough is not known before the update`];
  if (entryProtocol === "tcp" && entryPort === undefined)
    return [`${where} may pass TLS through as tcp: its port is not known before the update`];
  if (entryProtocol === "tcp" && entryPort?.first === 443)
    return [`${where} forwards port 443 as tcp, which passes TLS through, and it is not listed in tlsPassthrough`];
  return [];
}

function plain(
  { where, entryProtocol, entryPort }: Forwarding,
  all: readonly Forwarding[],
  { inputs }: Subject,
  passes: boolean,
): string[] {
  if (entryProtocol === undefined)
    return [`${where} may take in plain HTTP: its protocol is not known before the update`];
  if (entryProtocol === "tcp" && entryPort?.first === 80 && !passes)
    return [`${where} forwards port 80 as tcp, so plain HTTP is not redirected`];
  if (entryProtocol !== "http") return [];
  if (entryPort?.first !== 80) {
    const port = entryPort ? `on port ${entryPort.first}` : "on a port that is not known before the update";
    return [`${where} takes in plain HTTP ${port}, and only port 80 is redirected`];
  }
  const redirect = inputs.redirectHttpToHttps;
  if (isUnknown(redirect))
    return [`${where} takes in plain HTTP, and redirectHttpToHttps is not known before the update`];
  if (redirect !== true) return [`${where} takes in plain HTTP, and redirectHttpToHttps is not set`];
  const https = all.some(
    (one) => one.entryPort?.first === 443 && /^(https|http2|http3)$/.test(one.entryProtocol ?? ""),
  );
  return https ? [] : [`${where} redirects to HTTPS, but nothing is forwarded on port 443`];
}
