import { z } from "zod";
import { inboundRules } from "../inbound.ts";
import { isOf } from "../lookup.ts";
import { port } from "../open-ports.ts";
import { portsText, readPorts, within } from "../ports.ts";
import { stackRule } from "../rule.ts";
import { strangers } from "../sources.ts";

const settings = z.object({
  allowed: z
    .array(port)
    .default([])
    .describe("Ports and ranges that may be open to the world however many they are, of TCP and UDP"),
  widest: z.int().min(1).max(65_535).default(10).describe("Ports that one rule may open to the world"),
});

export const rule = stackRule({
  id: "any-port-open",
  title: "no firewall opens all ports or whole ranges to the world",
  reason:
    "A firewall is there to refuse what nobody thought of. With a range open, whatever is started on the machine tomorrow is public the moment it listens (CIS Controls 4.4: default deny). A rule needs one port, or a few; more than ten are a range.",
  fix: "open the ports that are served, one rule each, or name known networks as the source; list a range that has to be open in `allowed`",
  severity: "high",
  settings,
  judgeStack(resources, { allowed, widest }) {
    const ranges = allowed.flatMap((one) => readPorts(one) ?? []);
    return resources
      .filter((one) => isOf("firewall", one))
      .flatMap((resource) =>
        inboundRules(resource, resources).flatMap(({ where, protocol, ports, sources }) => {
          if (protocol === "icmp" || (ports && ports.last - ports.first < widest)) return [];
          if (ports && ranges.some((range) => within(ports, range))) return [];
          const who = strangers(sources);
          if (!who) return [];
          const what = ports ? portsText(ports) : "ports that are not known before the update or cannot be read";
          const kind = protocol ? ` of ${protocol}` : "";
          return [{ resource, message: `${where} opens ${what}${kind} to ${who}` }];
        }),
      );
  },
});
