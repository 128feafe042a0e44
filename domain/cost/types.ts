import { app } from "./app-rule.ts";
import type { Resource } from "./inputs.ts";
import * as rules from "./rules.ts";

/** How a type is paid for. */
export type TypeRule =
  | { kind: "rule"; price: rules.Rule }
  | { kind: "free"; reason: string }
  | { kind: "usage"; what: string; usage: { key: string; what: string; unitUsd: null; per: string }[] }
  | { kind: "unpriced"; reason: string };

const rule = (price: rules.Rule): TypeRule => ({ kind: "rule", price });
const free = (reason: string): TypeRule => ({ kind: "free", reason });
const unpriced = (reason: string): TypeRule => ({ kind: "unpriced", reason });
/** Costs by what is used, at a price that depends on more than a list can say. */
const used = (key: string, what: string, per: string): TypeRule => ({
  kind: "usage",
  what,
  usage: [{ key, what, unitUsd: null, per }],
});

const SETTING = free("a setting: what it belongs to is what costs");
const LINK = free("a link between things that have prices of their own");
const NETWORK = free("networks and their rules are free");
const DNS = free("DNS is free");
const ACCESS = free("keys and credentials are free");
const ADDRESS_LINK = free("assigned addresses are free");
const NAMES = free("names, tags and projects are free");
const WATCH = free("alerts are free");

const AGENT = used("tokens_million", "tokens, at the price of the model", "million tokens");
const INDEXING = used("tokens_million", "tokens indexed", "million tokens");
const KNOWLEDGE_BASE = rule(rules.knowledgeBase);
const FUNCTION_ROUTE = free("a route to a function, which is paid for by its runs");

/** Every resource type of @pulumi/digitalocean, by the word in its token (`digitalocean:index/WORD:Word`). */
export const TYPES: Readonly<Record<string, TypeRule>> = {
  app: rule(app),
  byoipPrefix: unpriced("own address ranges are priced by contract"),
  cdn: free("the CDN comes with Spaces; its transfer counts there"),
  certificate: free("certificates are free"),
  containerRegistries: rule(rules.registry),
  containerRegistry: rule(rules.registry),
  containerRegistryDockerCredentials: ACCESS,
  customImage: used("image_gib", "space that the image takes", "GiB and month"),
  databaseAdvancedMysqlConfig: SETTING,
  databaseAdvancedPostgresqlConfig: SETTING,
  databaseCluster: rule(rules.databaseCluster),
  databaseConnectionPool: SETTING,
  databaseDb: SETTING,
  databaseFirewall: NETWORK,
  databaseKafkaConfig: SETTING,
  databaseKafkaSchemaRegistry: SETTING,
  databaseKafkaTopic: SETTING,
  databaseLogsinkOpensearch: SETTING,
  databaseLogsinkRsyslog: SETTING,
  databaseMongodbConfig: SETTING,
  databaseMysqlConfig: SETTING,
  databaseOnlineMigration: SETTING,
  databaseOpensearchConfig: SETTING,
  databasePostgresqlConfig: SETTING,
  databaseRedisConfig: SETTING,
  databaseReplica: rule(rules.databaseReplica),
  databaseUser: ACCESS,
  databaseValkeyConfig: SETTING,
  dedicatedInference: unpriced("the price list has no accelerators of dedicated inference"),
  dedicatedInferenceToken: ACCESS,
  dnsRecord: DNS,
  domain: DNS,
  droplet: rule(rules.droplet),
  dropletAutoscale: rule(rules.dropletAutoscale),
  dropletSnapshot: rule(rules.snapshot),
  firewall: NETWORK,
  floatingIp: rule(rules.reservedIp),
  floatingIpAssignment: ADDRESS_LINK,
  genaiAgent: AGENT,
  genaiAgentKnowledgeBaseAttachment: LINK,
  genaiAgentRoute: LINK,
  genaiFunction: FUNCTION_ROUTE,
  genaiIndexingJobCancel: SETTING,
  genaiKnowledgeBase: KNOWLEDGE_BASE,
  genaiKnowledgeBaseDataSource: INDEXING,
  genaiOpenaiApiKey: ACCESS,
  gradientaiAgent: AGENT,
  gradientaiAgentKnowledgeBaseAttachment: LINK,
  gradientaiAgentRoute: LINK,
  gradientaiCustomModel: unpriced("the price list has no custom models"),
  gradientaiFunction: FUNCTION_ROUTE,
  gradientaiIndexingJobCancel: SETTING,
  gradientaiKnowledgeBase: KNOWLEDGE_BASE,
  gradientaiKnowledgeBaseDataSource: INDEXING,
  gradientaiOpenaiApiKey: ACCESS,
  kubernetesCluster: rule(rules.kubernetesCluster),
  kubernetesNodePool: rule(rules.kubernetesNodePool),
  loadBalancer: rule(rules.loadBalancer),
  monitorAlert: WATCH,
  nfs: unpriced("the price list has no network file storage"),
  nfsAccessPoint: SETTING,
  nfsAttachment: LINK,
  nfsSnapshot: unpriced("the price list has no network file storage"),
  partnerAttachment: unpriced("partner connections are priced by contract"),
  project: NAMES,
  projectResources: NAMES,
  reservedIp: rule(rules.reservedIp),
  reservedIpAssignment: ADDRESS_LINK,
  reservedIpv6: unpriced("the price list has no reserved IPv6 addresses"),
  reservedIpv6Assignment: ADDRESS_LINK,
  spacesBucket: rule(rules.spacesBucket),
  spacesBucketCorsConfiguration: SETTING,
  spacesBucketLogging: SETTING,
  spacesBucketObject: free("what it takes counts with its bucket's storage"),
  spacesBucketPolicy: SETTING,
  spacesKey: ACCESS,
  sshKey: ACCESS,
  tag: NAMES,
  uptimeAlert: WATCH,
  uptimeCheck: used("checks", "checks beyond the account's free ones", "check and month"),
  vectorDatabase: unpriced("the price list has no vector databases"),
  volume: rule(rules.volume),
  volumeAttachment: LINK,
  volumeSnapshot: rule(rules.snapshot),
  vpc: NETWORK,
  vpcNatGateway: unpriced("the price list has no NAT gateways"),
  vpcPeering: NETWORK,
};

/** Providers whose resources are work or bookkeeping on machines that are priced already. */
const NOT_BILLED =
  /^(pulumi|pulumi-nodejs|windlass|command|docker|docker-build|random|tls|time|std|local|archive|kubernetes):/;

/** How a resource is paid for; what nobody has classified is not priced, which is never free. */
export function ruleOf({ type, custom, inputs }: Resource): TypeRule {
  if (custom === false) return free("a component: what is in it has prices of its own");
  const word = /^digitalocean:index\/(\w+):/.exec(type)?.[1];
  if (word !== undefined) return TYPES[word] ?? unpriced(`type ${type} is not classified`);
  if (
    /^kubernetes:core\/v1:Service$/.test(type) &&
    (inputs.spec as { type?: unknown } | undefined)?.type === "LoadBalancer"
  ) {
    return unpriced("on DOKS it makes a load balancer of its own");
  }
  if (/^kubernetes:core\/v1:PersistentVolumeClaim$/.test(type)) return unpriced("on DOKS it makes a volume of its own");
  if (NOT_BILLED.test(type)) return free("billed by nobody, or with the machine it runs on");
  return unpriced(`nothing of ${type.split(":")[0]} has a price here`);
}
