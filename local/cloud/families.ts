import { accountRoutes } from "./account/routes.ts";
import type { ActionKind } from "./actions.ts";
import { billingRoutes } from "./billing/routes.ts";
import { catalogRoutes } from "./catalog/routes.ts";
import type { CloudState } from "./cloud.ts";
import { destructionRoutes } from "./droplets/destruction.ts";
import { dropletKinds } from "./droplets/machine.ts";
import { dropletRoutes } from "./droplets/routes.ts";
import { firewallKinds, firewallRoutes } from "./firewalls/routes.ts";
import { actionRoutes } from "./history/routes.ts";
import { imageKinds, imageRoutes } from "./images/routes.ts";
import { keyRoutes } from "./keys/routes.ts";
import { monitoringRoutes } from "./monitoring/routes.ts";
import { projectRoutes } from "./projects/routes.ts";
import { reservedIpKinds, reservedIpRoutes } from "./reserved-ips/routes.ts";
import { snapshotRoutes } from "./snapshots/routes.ts";
import { volumeSnapshotKinds } from "./snapshots/volume-snapshots.ts";
import { tagRoutes } from "./tags/routes.ts";
import { volumeKinds } from "./volumes/actions.ts";
import { volumeRoutes } from "./volumes/routes.ts";
import { vpcKinds, vpcRoutes } from "./vpcs/routes.ts";
import type { Route } from "./wire.ts";

/** Every family's operations. */
export const FAMILIES: ((cloud: CloudState) => Route[])[] = [
  accountRoutes,
  keyRoutes,
  catalogRoutes,
  imageRoutes,
  tagRoutes,
  vpcRoutes,
  volumeRoutes,
  dropletRoutes,
  destructionRoutes,
  snapshotRoutes,
  firewallRoutes,
  reservedIpRoutes,
  projectRoutes,
  actionRoutes,
  billingRoutes,
  monitoringRoutes,
];

/** Every family's kinds of actions. */
export const KINDS: ((cloud: CloudState) => Record<string, ActionKind>)[] = [
  dropletKinds,
  volumeKinds,
  volumeSnapshotKinds,
  imageKinds,
  vpcKinds,
  firewallKinds,
  reservedIpKinds,
];
