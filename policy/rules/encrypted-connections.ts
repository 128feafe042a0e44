import { z } from "zod";
import { isUnknown, type Values } from "../../domain/cost/inputs.ts";
import { resourceRule } from "../rule.ts";

export const rule = resourceRule({
  id: "encrypted-connections",
  title: "databases, log drains, CDN domains and image downloads are encrypted on the way",
  reason:
    "Caches open a port without TLS beside the one with it when ssl is off, log lines of databases hold queries and addresses, a CDN domain without a certificate is served in the clear, and an image that came over HTTP may be anybody's (provider docs of each argument; OWASP ASVS 4.0, 9.1).",
  fix: "leave ssl out or set it to true, set tls of the log drain to true, give the CDN domain a certificateName, download images from https addresses",
  severity: "high",
  types: [
    "databaseRedisConfig",
    "databaseValkeyConfig",
    "databaseLogsinkRsyslog",
    "databaseLogsinkOpensearch",
    "cdn",
    "customImage",
  ],
  settings: z.object({}),
  judge({ type, inputs }) {
    if (type.endsWith(":Cdn")) return cdnProblems(inputs);
    if (type.endsWith(":CustomImage")) return addressProblems(inputs, "url");
    if (type.endsWith(":DatabaseLogsinkOpensearch")) return addressProblems(inputs, "endpoint");
    if (type.endsWith(":DatabaseLogsinkRsyslog")) return drainProblems(inputs);
    if (isUnknown(inputs.ssl)) return ["ssl is not known before the update, and may be off"];
    return isOff(inputs.ssl) ? ["ssl is off, which opens a port without encryption"] : [];
  },
});

/** The provider's default of a log drain is off. */
function drainProblems({ tls }: Values): string[] {
  if (isUnknown(tls)) return ["tls is not known before the update, and may be off"];
  return tls === true || tls === "true" ? [] : ["tls is off: log lines go over the net in the clear"];
}

function cdnProblems({ customDomain, certificateName, certificateId }: Values): string[] {
  const named = [certificateName, certificateId].some((one) => isUnknown(one) || (one !== undefined && one !== ""));
  if (named || customDomain === undefined || customDomain === "") return [];
  const domain = isUnknown(customDomain)
    ? "customDomain is not known before the update"
    : `customDomain ${customDomain}`;
  return [`${domain} has no certificate`];
}

function addressProblems(inputs: Values, key: string): string[] {
  const address = inputs[key];
  if (isUnknown(address)) return [`${key} is not known before the update, and may be unencrypted`];
  return /^https:/i.test(String(address ?? "")) ? [] : [`${key} is not an https address`];
}

function isOff(value: unknown): boolean {
  return value === false || value === "false";
}
