import type { RestType } from "../../rest/type.ts";
import { dnsRecord } from "./dns-record.ts";
import { tunnel } from "./tunnel.ts";
import { tunnelConfig } from "./tunnel-config.ts";

/** The resource types that are bundled, by token. */
export const TYPES: ReadonlyMap<string, RestType> = new Map(
  [dnsRecord, tunnel, tunnelConfig].map((type) => [type.token, type]),
);
