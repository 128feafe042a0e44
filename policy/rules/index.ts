import type { Rule } from "../rule.ts";
import { rule as anyPortOpen } from "./any-port-open.ts";
import { rule as databasePortOpen } from "./database-port-open.ts";
import { rule as databasePublic } from "./database-public.ts";
import { rule as dockerPortOpen } from "./docker-port-open.ts";
import { rule as doksSurgeUpgrade } from "./doks-surge-upgrade.ts";
import { rule as doksVersion } from "./doks-version.ts";
import { rule as encryptedConnections } from "./encrypted-connections.ts";
import { rule as firewallRequired } from "./firewall-required.ts";
import { rule as inferencePortOpen } from "./inference-port-open.ts";
import { rule as loadBalancerCiphers } from "./load-balancer-ciphers.ts";
import { rule as loadBalancerHttps } from "./load-balancer-https.ts";
import { rule as noPasswordLogin } from "./no-password-login.ts";
import { rule as noSecretsInUserData } from "./no-secrets-in-user-data.ts";
import { rule as separateKeys } from "./separate-keys.ts";
import { rule as spacesPrivate } from "./spaces-private.ts";
import { rule as sshOpen } from "./ssh-open.ts";

/** Every rule of the pack, sorted by id. */
export const RULES: readonly Rule[] = [
  anyPortOpen,
  databasePortOpen,
  databasePublic,
  dockerPortOpen,
  doksSurgeUpgrade,
  doksVersion,
  encryptedConnections,
  firewallRequired,
  inferencePortOpen,
  loadBalancerCiphers,
  loadBalancerHttps,
  noPasswordLogin,
  noSecretsInUserData,
  separateKeys,
  spacesPrivate,
  sshOpen,
];
