import type { Firewall } from "../objects.ts";

/** A firewall as the API shows it. */
export function firewallView(firewall: Firewall) {
  return {
    id: firewall.id,
    name: firewall.name,
    status: firewall.status,
    inbound_rules: firewall.inbound,
    outbound_rules: firewall.outbound,
    created_at: firewall.createdAt,
    droplet_ids: firewall.droplets,
    tags: firewall.tags,
    pending_changes: firewall.pending,
  };
}
