import { z } from "zod";
import { isUnknown, type Values } from "../../domain/cost/inputs.ts";
import { resourceRule } from "../rule.ts";

const settings = z.object({
  tlsCipherPolicy: z
    .enum(["DEFAULT", "STRONG"])
    .default("DEFAULT")
    .describe("Least set of ciphers of load balancers that end TLS; DEFAULT asks for nothing"),
});

export const rule = resourceRule({
  id: "load-balancer-ciphers",
  title: "load balancers that end TLS take strong ciphers only",
  reason:
    "DigitalOcean's load balancers speak TLS 1.2 and 1.3 only (docs.digitalocean.com: SSL termination); the policy STRONG leaves fewer sets of ciphers to choose from. Old clients need DEFAULT, so this says nothing until STRONG is asked for.",
  fix: "set tlsCipherPolicy to STRONG",
  severity: "medium",
  types: ["loadBalancer"],
  settings,
  judge({ inputs }, { tlsCipherPolicy: least }) {
    if (least === "DEFAULT" || !endsTls(inputs)) return [];
    const { tlsCipherPolicy } = inputs;
    if (isUnknown(tlsCipherPolicy)) return ["tlsCipherPolicy is not known before the update, and may be DEFAULT"];
    const given = String(tlsCipherPolicy ?? "DEFAULT").toUpperCase();
    return given === "STRONG" ? [] : [`tlsCipherPolicy is ${given}`];
  },
});

/** A rule that is not known may be one that does. */
function endsTls({ forwardingRules, type }: Values): boolean {
  if (isUnknown(forwardingRules)) return true;
  if (!Array.isArray(forwardingRules)) return String(type).startsWith("GLOBAL");
  return forwardingRules.some((one) => {
    if (isUnknown(one)) return true;
    const { entryProtocol, tlsPassthrough } = (one ?? {}) as Values;
    const encrypted = isUnknown(entryProtocol) || /^http(?:s|2|3)$/i.test(String(entryProtocol));
    return encrypted && tlsPassthrough !== true;
  });
}
