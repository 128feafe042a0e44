import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { hostnamesOf, type IngressRule, ingressProblems } from "../domain/tunnel/ingress.ts";
import type { OriginRequest } from "../domain/tunnel/origin-request.ts";
import { refuse } from "./arguments.ts";

/** Arguments of a CloudflareTunnel. */
export interface CloudflareTunnelArgs {
  /** Name of the tunnel, unique in the account. A change renames it in place; connectors stay connected. */
  tunnelName: string;
  /** Id of the Cloudflare account, 32 hexadecimal digits. A change makes another tunnel with another token: connectors must be started anew. */
  accountId: string;
  /** Where requests go, in order; the first rule that fits takes a request, and the last one must take every request (`http_status:404`). A change updates in place; connectors apply it within seconds and keep their connections. */
  ingress: IngressRule[];
  /** Id of the zone of each hostname of the rules. A change makes another DNS record. */
  zones: Record<string, string>;
  /** How connectors speak to services whose rules do not say it. A change updates in place. @default - cloudflared's own */
  originRequest?: OriginRequest;
}

/** Cloudflare's own TTL; a proxied record has no other. */
const AUTOMATIC_TTL = 1;

/**
 * A Cloudflare tunnel that is configured at Cloudflare, and a proxied CNAME for each hostname. What runs beside the services is `cloudflared`
 * with the token; it opens connections outwards only, so that no port of the host is open. The tunnel costs nothing.
 *
 * @example new CloudflareTunnel("nas", { tunnelName: "nas", accountId, ingress: [{ hostname, service }, { service: "http_status:404" }], zones: { [hostname]: zoneId } })
 */
export class CloudflareTunnel extends pulumi.ComponentResource {
  readonly tunnelId: pulumi.Output<string>;
  /** What the DNS records point to: `ID.cfargotunnel.com`. */
  readonly cname: pulumi.Output<string>;
  /** What `cloudflared` is started with (TUNNEL_TOKEN): a secret. */
  readonly token: pulumi.Output<string>;
  readonly hostnames: pulumi.Output<string[]>;

  constructor(name: string, args: CloudflareTunnelArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super("windlass:network:CloudflareTunnel", name, {}, opts);
    refuse(`CloudflareTunnel ${name}`, problems(args));
    const { tunnelName, accountId } = args;
    const tunnel = new cloudflare.ZeroTrustTunnelCloudflared(
      name,
      { name: tunnelName, accountId, configSrc: "cloudflare" },
      { parent: this },
    );
    const config = new cloudflare.ZeroTrustTunnelCloudflaredConfig(
      `${name}-config`,
      { accountId, tunnelId: tunnel.id, config: configOf(args) },
      { parent: this },
    );
    this.tunnelId = tunnel.id;
    this.cname = pulumi.interpolate`${tunnel.id}.cfargotunnel.com`;
    for (const hostname of hostnamesOf(args.ingress)) this.#createRecord(name, hostname, args, config);
    this.token = pulumi.secret(
      cloudflare.getZeroTrustTunnelCloudflaredTokenOutput({ accountId, tunnelId: tunnel.id }, { parent: this }).token,
    );
    this.hostnames = pulumi.output(hostnamesOf(args.ingress));
    const { tunnelId, cname, token, hostnames } = this;
    this.registerOutputs({ tunnelId, cname, token, hostnames });
  }

  /** A name leads to the tunnel only once the tunnel knows what to do with it. */
  #createRecord(
    name: string,
    hostname: string,
    { tunnelName, zones }: CloudflareTunnelArgs,
    config: pulumi.Resource,
  ): void {
    new cloudflare.DnsRecord(
      `${name}-${hostname}`,
      {
        zoneId: zones[hostname] ?? "",
        name: hostname,
        type: "CNAME",
        content: this.cname,
        proxied: true,
        ttl: AUTOMATIC_TTL,
        comment: `tunnel ${tunnelName}`,
      },
      { parent: this, dependsOn: [config] },
    );
  }
}

/** The names of the SDK are not quite those of cloudflared's file. */
function configOf({ ingress, originRequest }: CloudflareTunnelArgs) {
  return {
    ingresses: ingress.map(({ originRequest: own, ...rule }) => ({
      ...rule,
      ...(own ? { originRequest: originOf(own) } : {}),
    })),
    ...(originRequest ? { originRequest: originOf(originRequest) } : {}),
  };
}

function originOf({ access, matchSNItoHost, noTLSVerify, ...rest }: OriginRequest) {
  return {
    ...rest,
    ...(matchSNItoHost === undefined ? {} : { matchSnItoHost: matchSNItoHost }),
    ...(noTLSVerify === undefined ? {} : { noTlsVerify: noTLSVerify }),
    ...(access ? { access: { required: access.required, teamName: access.teamName, audTags: access.audTag } } : {}),
  };
}

function problems({ tunnelName, accountId, ingress, zones }: CloudflareTunnelArgs): string[] {
  const rules = ingressProblems(ingress).map(
    ({ rule, key, reason, suggestion }) =>
      `ingress${rule === undefined ? "" : `[${rule}]`}${key ? `.${key}` : ""}: ${reason}; ${suggestion}`,
  );
  const homeless = hostnamesOf(ingress).filter((hostname) => !zones[hostname]);
  return [
    ...(tunnelName === "" ? ["tunnelName: is empty"] : []),
    ...(/^[0-9a-f]{32}$/.test(accountId)
      ? []
      : [`accountId: got ${JSON.stringify(accountId)}, allowed are 32 hexadecimal digits`]),
    ...rules,
    ...homeless.map((hostname) => `zones: has no zone for ${hostname}; give the id of the zone it lies in`),
  ];
}
