import type { Rule } from "../rule.ts";
import { rule as allowedRegions } from "./allowed-regions.ts";
import { rule as allowedSizes } from "./allowed-sizes.ts";
import { rule as anyPortOpen } from "./any-port-open.ts";
import { rule as databasePortOpen } from "./database-port-open.ts";
import { rule as databasePublic } from "./database-public.ts";
import { rule as dockerPortOpen } from "./docker-port-open.ts";
import { rule as doksSurgeUpgrade } from "./doks-surge-upgrade.ts";
import { rule as doksVersion } from "./doks-version.ts";
import { rule as encryptedConnections } from "./encrypted-connections.ts";
import { rule as firewallRequired } from "./firewall-required.ts";
import { rule as gpuPoweredOff } from "./gpu-powered-off.ts";
import { rule as gpuTimers } from "./gpu-timers.ts";
import { rule as inferencePortOpen } from "./inference-port-open.ts";
import { rule as knownSize } from "./known-size.ts";
import { rule as loadBalancerCiphers } from "./load-balancer-ciphers.ts";
import { rule as loadBalancerHttps } from "./load-balancer-https.ts";
import { rule as monthlyBudget } from "./monthly-budget.ts";
import { rule as noPasswordLogin } from "./no-password-login.ts";
import { rule as noSecretsInUserData } from "./no-secrets-in-user-data.ts";
import { rule as nodePriceCeiling } from "./node-price-ceiling.ts";
import { rule as requiredTags } from "./required-tags.ts";
import { rule as separateKeys } from "./separate-keys.ts";
import { rule as snapshotRetention } from "./snapshot-retention.ts";
import { rule as spacesPrivate } from "./spaces-private.ts";
import { rule as sshOpen } from "./ssh-open.ts";
import { rule as volumeProtected } from "./volume-protected.ts";

/** Every rule of the pack, sorted by id. */
export const RULES: readonly Rule[] = [
  allowedRegions,
  allowedSizes,
  anyPortOpen,
  databasePortOpen,
  databasePublic,
  dockerPortOpen,
  doksSurgeUpgrade,
  doksVersion,
  encryptedConnections,
  firewallRequired,
  gpuPoweredOff,
  gpuTimers,
  inferencePortOpen,
  knownSize,
  loadBalancerCiphers,
  loadBalancerHttps,
  monthlyBudget,
  noPasswordLogin,
  noSecretsInUserData,
  nodePriceCeiling,
  requiredTags,
  separateKeys,
  snapshotRetention,
  spacesPrivate,
  sshOpen,
  volumeProtected,
];
