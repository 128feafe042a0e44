import { z } from "zod";
import { isUnknown } from "../../domain/cost/inputs.ts";
import { isOf } from "../lookup.ts";
import { network } from "../open-ports.ts";
import { type Subject, stackRule } from "../rule.ts";
import { isOwnAddress, readSources, strangers } from "../sources.ts";

const settings = z.object({
  addresses: z
    .array(network)
    .default([])
    .describe(
      "Networks that may be trusted sources, beside private ones. None: every network no wider than an IPv4 /8",
    ),
});

export const rule = stackRule({
  id: "database-public",
  title: "managed databases have trusted sources, and the world is not one",
  reason:
    "A cluster without trusted sources accepts connections from everywhere at its public host name, whatever VPC it is in; only a password is left between the world and the data (docs.digitalocean.com/products/databases/postgresql/how-to/secure). A read-only replica has trusted sources of its own.",
  fix: "add a digitalocean.DatabaseFirewall with the droplets, tags, Kubernetes clusters, apps or addresses that use it; for a replica with clusterId: replica.uuid",
  severity: "critical",
  settings,
  judgeStack(resources, { addresses }) {
    const firewalls = resources.filter((one) => isOf("databaseFirewall", one));
    const guarded = resources.filter((one) => isOf("databaseCluster", one) || isOf("databaseReplica", one));
    const missing = guarded
      .filter((database) => !firewalls.some((firewall) => guards(firewall, database)))
      .map((resource) => ({ resource, message: `no trusted sources: no DatabaseFirewall of this stack is for it` }));
    const open = firewalls.flatMap((resource) =>
      openings(resource, resources, addresses).map((message) => ({ resource, message })),
    );
    return [...missing, ...open];
  },
});

function guards(firewall: Subject, database: Subject): boolean {
  if (firewall.propertyDependencies?.clusterId?.includes(database.urn)) return true;
  const id = firewall.inputs.clusterId;
  return id !== undefined && !isUnknown(id) && [database.id, database.outputs?.uuid].includes(id as string);
}

function openings(firewall: Subject, resources: readonly Subject[], addresses: readonly string[]): string[] {
  const rules = firewall.inputs.rules;
  if (isUnknown(rules)) return ["its rules are not known before the update"];
  if (!Array.isArray(rules) || rules.length === 0)
    return ["it has no rule, and a cluster without trusted sources is open to the world"];
  return rules.flatMap((rule, index) => {
    const { type, value } = (isUnknown(rule) ? {} : (rule ?? {})) as Record<string, unknown>;
    const known = typeof type === "string" && !isUnknown(type);
    if (known && type !== "ip_addr" && type !== "ipAddr") return [];
    if (!known) return [`rules[${index}] may trust anybody: its type is not known before the update`];
    const who = isUnknown(value)
      ? !isOwnAddress("rules", firewall, resources) && "an address that is not known before the update"
      : strangers(readSources([value], "rules", firewall, resources), addresses);
    return who ? [`rules[${index}] trusts ${who}`] : [];
  });
}
