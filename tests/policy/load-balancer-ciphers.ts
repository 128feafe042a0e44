import type { Declared } from "../engine/harness.ts";
import type { PolicyCases } from "./case.ts";
import { command } from "./parts/network.ts";

/** The same for all, so that one preview judges them. */
const settings = { tlsCipherPolicy: "STRONG" };

function balancer(more: object = {}, entryProtocol: unknown = "https"): Declared {
  const rule = { entryProtocol, entryPort: 443, targetProtocol: "http", targetPort: 80, certificateName: "site" };
  const args = { name: "case", region: "tor1", dropletTag: "web", forwardingRules: [rule], ...more };
  return { name: "balancer", type: "digitalocean:LoadBalancer", args };
}

export const cases: PolicyCases = [
  {
    name: "the provider's default ciphers",
    settings,
    bad: [balancer()],
    good: [balancer({ tlsCipherPolicy: "STRONG" })],
    differs: "the strong ones",
  },
  {
    name: "default ciphers for HTTP/2",
    settings,
    bad: [balancer({ tlsCipherPolicy: "DEFAULT" }, "http2")],
    good: [balancer({ tlsCipherPolicy: "STRONG" }, "http2")],
    differs: "the strong ones",
  },
  {
    name: "ciphers that are not known before the update",
    settings,
    bad: [command, balancer({ tlsCipherPolicy: { $ref: "command.stdout" } })],
    good: [command, balancer({ tlsCipherPolicy: "STRONG" })],
    differs: "the strong ones",
  },
];
