import type { Declared } from "../engine/harness.ts";
import type { PolicyCases } from "./case.ts";
import { command } from "./parts/network.ts";

function balancer(forwardingRules: object[], more: object = {}): Declared {
  const args = { name: "case", region: "tor1", dropletTag: "web", forwardingRules, ...more };
  return { name: "balancer", type: "digitalocean:LoadBalancer", args };
}

function forward(entryProtocol: unknown, entryPort: number, more: object = {}): object {
  const encrypted = "tlsPassthrough" in more;
  return {
    entryProtocol,
    entryPort,
    targetProtocol: encrypted ? "https" : entryProtocol === "tcp" ? "tcp" : "http",
    targetPort: encrypted ? 443 : 80,
    ...more,
  };
}

const http = forward("http", 80);
const https = forward("https", 443, { certificateName: "site" });
const redirect = { redirectHttpToHttps: true };

export const cases: PolicyCases = [
  {
    name: "plain HTTP beside HTTPS",
    bad: [balancer([http, https])],
    good: [balancer([http, https], redirect)],
    differs: "redirectHttpToHttps is set",
  },
  {
    name: "plain HTTP only",
    bad: [balancer([http])],
    good: [balancer([https])],
    differs: "HTTPS in its place",
  },
  {
    name: "plain HTTP on another port",
    bad: [balancer([https, forward("http", 81)], redirect)],
    good: [balancer([https, forward("http", 80)], redirect)],
    differs: "port 80, which is redirected",
  },
  {
    name: "TLS passed through",
    bad: [balancer([forward("https", 443, { tlsPassthrough: true })])],
    good: [balancer([forward("https", 443, { tlsPassthrough: false, certificateName: "site" })])],
    differs: "TLS ends at the load balancer",
  },
  {
    name: "TLS passed through where another load balancer is listed",
    settings: { tlsPassthrough: ["ingress"] },
    bad: [balancer([forward("https", 443, { tlsPassthrough: true })])],
    good: [balancer([forward("https", 443, { tlsPassthrough: true })], { name: "ingress" })],
    differs: "it is the listed one",
  },
  {
    name: "TLS passed through as plain TCP",
    bad: [balancer([forward("tcp", 443)])],
    good: [balancer([forward("tcp", 444)])],
    differs: "a port that is not the one of HTTPS",
  },
  {
    name: "a protocol that is not known before the update",
    bad: [command, balancer([forward({ $ref: "command.stdout" }, 443, { certificateName: "site" })])],
    good: [command, balancer([https])],
    differs: "the protocol is https",
  },
  {
    name: "a public load balancer with plain HTTP",
    bad: [balancer([http], { network: "EXTERNAL" })],
    good: [balancer([http], { network: "INTERNAL" })],
    differs: "it is reached from its VPC only",
  },
];
