/**
 * How a connector speaks to a service, in the names of cloudflared's file
 * (https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/origin-parameters/). Times are
 * in whole seconds, which is all that a tunnel configured at Cloudflare keeps.
 */
export interface OriginRequest {
  access?: { required?: boolean; teamName: string; audTag: string[] };
  caPool?: string;
  connectTimeout?: number;
  disableChunkedEncoding?: boolean;
  http2Origin?: boolean;
  httpHostHeader?: string;
  keepAliveConnections?: number;
  keepAliveTimeout?: number;
  matchSNItoHost?: boolean;
  noHappyEyeballs?: boolean;
  noTLSVerify?: boolean;
  originServerName?: string;
  proxyType?: string;
  tcpKeepAlive?: number;
  tlsTimeout?: number;
}

/** What each key takes. */
export const ORIGIN_KEYS: Readonly<Record<keyof OriginRequest, "text" | "flag" | "number" | "seconds" | "access">> = {
  access: "access",
  caPool: "text",
  connectTimeout: "seconds",
  disableChunkedEncoding: "flag",
  http2Origin: "flag",
  httpHostHeader: "text",
  keepAliveConnections: "number",
  keepAliveTimeout: "seconds",
  matchSNItoHost: "flag",
  noHappyEyeballs: "flag",
  noTLSVerify: "flag",
  originServerName: "text",
  proxyType: "text",
  tcpKeepAlive: "seconds",
  tlsTimeout: "seconds",
};

/** Keys that only a file beside the connector can have. */
export const LOCAL_ORIGIN_KEYS = ["bastionMode", "proxyAddress", "proxyPort", "ipRules"];

const UNIT_SECONDS: Record<string, number> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/** Seconds of a duration as Go writes it, `1m30s`; undefined where it is none. */
export function durationSeconds(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNIT_SECONDS[unit ?? ""] ?? 0), 0);
}
