import { portsRule } from "../open-ports.ts";

export const rule = portsRule({
  id: "ssh-open",
  title: "ssh is reached from known addresses only",
  reason:
    "A port 22 that the world reaches is tried with passwords and stolen keys from its first minutes on, and one flaw in the server is enough. CIS Controls 4.4 and 12.2 ask for a firewall that lets in only who has to.",
  fix: "list the networks of your office, home or VPN in sourceAddresses (of a load balancer in firewall.allows), for example 203.0.113.7/32",
  severity: "critical",
  ports: { 22: "ssh" },
  loadBalancers: true,
});
