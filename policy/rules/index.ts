import type { Rule } from "../rule.ts";
import { rule as anyPortOpen } from "./any-port-open.ts";
import { rule as databasePortOpen } from "./database-port-open.ts";
import { rule as databasePublic } from "./database-public.ts";
import { rule as dockerPortOpen } from "./docker-port-open.ts";
import { rule as firewallRequired } from "./firewall-required.ts";
import { rule as inferencePortOpen } from "./inference-port-open.ts";
import { rule as loadBalancerHttps } from "./load-balancer-https.ts";
import { rule as sshOpen } from "./ssh-open.ts";

/** Every rule of the pack, sorted by id. */
export const RULES: readonly Rule[] = [
  anyPortOpen,
  databasePortOpen,
  databasePublic,
  dockerPortOpen,
  firewallRequired,
  inferencePortOpen,
  loadBalancerHttps,
  sshOpen,
];
