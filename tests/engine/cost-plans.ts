/**
 * Plans as `pulumi preview --json` prints them, for types that the bundled plugin does not have: programs in the style of DigitalOcean's and
 * Pulumi's public examples, with the inputs that their providers would see.
 */
export interface PlannedResource {
  name: string;
  /** Word of the type: `loadBalancer`. */
  type: string;
  inputs: Record<string, unknown>;
  /** Name of the component it is in. */
  parent?: string;
  propertyDependencies?: Record<string, string[]>;
}

const STACK = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev";
/** What the engine writes for what is not known before the update. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function urnOf({ type, name }: Pick<PlannedResource, "type" | "name">): string {
  return `urn:pulumi:dev::shop::${tokenOf(type)}::${name}`;
}

function tokenOf(type: string): string {
  if (type.includes(":")) return type;
  return `digitalocean:index/${type}:${type.charAt(0).toUpperCase()}${type.slice(1)}`;
}

/** The document; what is in `old` is there already. */
export function planDocument(resources: readonly PlannedResource[], old: readonly PlannedResource[] = []): string {
  const state = (one: PlannedResource) => ({
    urn: urnOf(one),
    custom: !one.type.includes(":"),
    type: tokenOf(one.type),
    inputs: one.inputs,
    parent: one.parent ? urnOf({ type: "shop:index:Web", name: one.parent }) : STACK,
    ...(one.propertyDependencies ? { propertyDependencies: one.propertyDependencies } : {}),
  });
  const oldState = new Map(old.map((one) => [urnOf(one), state(one)]));
  const steps: unknown[] = [
    { op: "same", urn: STACK, newState: { urn: STACK, custom: false, type: "pulumi:pulumi:Stack" } },
  ];
  for (const one of resources) {
    const before = oldState.get(urnOf(one));
    oldState.delete(urnOf(one));
    steps.push({
      op: before ? "update" : "create",
      urn: urnOf(one),
      ...(before ? { oldState: before } : {}),
      newState: state(one),
    });
  }
  for (const [urn, before] of oldState) steps.push({ op: "delete", urn, oldState: before });
  return JSON.stringify({ steps, duration: 1, changeSummary: {} });
}

const DROPLET = { image: "ubuntu-24-04-x64", region: "nyc3", size: "s-1vcpu-1gb" };

/** Three web droplets in a component, a load balancer before them, DNS. */
export const BALANCED_DROPLETS: PlannedResource[] = [
  { type: "shop:index:Web", name: "web", inputs: {} },
  ...[1, 2, 3].map((n) => ({ type: "droplet", name: `web-${n}`, inputs: DROPLET, parent: "web" })),
  {
    type: "loadBalancer",
    name: "public",
    parent: "web",
    inputs: {
      region: "nyc3",
      dropletTag: "web",
      forwardingRules: [{ entryPort: 80, entryProtocol: "http", targetPort: 80, targetProtocol: "http" }],
    },
  },
  { type: "domain", name: "domain", inputs: { name: "shop.example", ipAddress: UNKNOWN } },
];

/** A DOKS cluster with a pool that follows the load, and what its registry and its volumes need. */
export const KUBERNETES: PlannedResource[] = [
  {
    type: "kubernetesCluster",
    name: "cluster",
    inputs: {
      region: "sfo3",
      version: UNKNOWN,
      ha: true,
      nodePool: { name: "default", size: "s-2vcpu-2gb", nodeCount: 3 },
    },
  },
  {
    type: "kubernetesNodePool",
    name: "workers",
    inputs: { clusterId: UNKNOWN, size: "s-4vcpu-8gb", autoScale: true, minNodes: 1, maxNodes: 4 },
  },
  { type: "containerRegistry", name: "images", inputs: { subscriptionTierSlug: "basic" } },
  { type: "kubernetes:core/v1:Namespace", name: "apps", inputs: {} },
];

/** A PostgreSQL cluster with a standby, a read replica, a database, a user, a firewall; and an engine without a known price. */
export const DATABASE: PlannedResource[] = [
  {
    type: "databaseCluster",
    name: "pg",
    inputs: { engine: "pg", version: "17", size: "db-s-2vcpu-4gb", region: "nyc1", nodeCount: 2 },
  },
  {
    type: "databaseReplica",
    name: "reader",
    inputs: { clusterId: UNKNOWN, size: "db-s-1vcpu-2gb", region: "nyc1" },
    propertyDependencies: { clusterId: [urnOf({ type: "databaseCluster", name: "pg" })] },
  },
  { type: "databaseDb", name: "shop", inputs: { clusterId: UNKNOWN } },
  { type: "databaseUser", name: "shop", inputs: { clusterId: UNKNOWN } },
  {
    type: "databaseFirewall",
    name: "only-web",
    inputs: { clusterId: UNKNOWN, rules: [{ type: "tag", value: "web" }] },
  },
  {
    type: "databaseCluster",
    name: "search",
    inputs: { engine: "opensearch", size: "db-s-2vcpu-4gb", region: "nyc1", nodeCount: 1 },
  },
];

/** An App Platform app with a service, a worker and a job; the production database stands for itself. */
export const APP: PlannedResource[] = [
  {
    type: "app",
    name: "api",
    inputs: {
      spec: {
        name: "api",
        region: "nyc",
        services: [{ name: "web", instanceCount: 2, instanceSizeSlug: "apps-s-1vcpu-1gb", httpPort: 8080 }],
        workers: [{ name: "mail", instanceSizeSlug: "apps-s-1vcpu-0.5gb" }],
        jobs: [{ name: "migrate", kind: "PRE_DEPLOY", instanceSizeSlug: "apps-s-1vcpu-0.5gb" }],
        databases: [{ name: "db", engine: "PG", production: true, clusterName: "pg" }],
      },
    },
  },
];

/** A bucket with a CDN before it, and a second one for logs. */
export const SPACES: PlannedResource[] = [
  { type: "spacesBucket", name: "assets", inputs: { region: "nyc3", acl: "private" } },
  { type: "spacesBucket", name: "logs", inputs: { region: "nyc3" } },
  { type: "spacesBucketObject", name: "index", inputs: { bucket: UNKNOWN, key: "index.html" } },
  { type: "cdn", name: "cdn", inputs: { origin: UNKNOWN } },
];
