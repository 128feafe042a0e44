import type { Declared } from "../engine/harness.ts";
import type { PolicyCases } from "./case.ts";
import { command } from "./parts/network.ts";

const clusterId = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30";

function cache(engine: "Redis" | "Valkey", ssl: unknown): Declared {
  return { name: "cache", type: `digitalocean:Database${engine}Config`, args: { clusterId, ssl } };
}

function drain(more: object = {}): Declared {
  const args = { clusterId, name: "case", server: "logs.example.org", port: 6514, format: "rfc5424", ...more };
  return { name: "drain", type: "digitalocean:DatabaseLogsinkRsyslog", args };
}

function cdn(more: object = {}): Declared {
  return { name: "cdn", type: "digitalocean:Cdn", args: { origin: "case.tor1.digitaloceanspaces.com", ...more } };
}

function image(url: string): Declared {
  return { name: "image", type: "digitalocean:CustomImage", args: { name: "case", regions: ["tor1"], url } };
}

export const cases: PolicyCases = [
  {
    name: "Valkey without TLS",
    bad: [cache("Valkey", false)],
    good: [cache("Valkey", true)],
    differs: "ssl is on",
  },
  {
    name: "Redis without TLS",
    bad: [cache("Redis", false)],
    good: [cache("Redis", true)],
    differs: "ssl is on",
  },
  {
    name: "a switch of TLS that is not known before the update",
    bad: [command, cache("Valkey", { $ref: "command.stdout" })],
    good: [command, cache("Valkey", true)],
    differs: "ssl is on",
  },
  {
    name: "log lines of a database in the clear",
    bad: [drain()],
    good: [drain({ tls: true })],
    differs: "tls is on",
  },
  {
    name: "a CDN domain without a certificate",
    bad: [cdn({ customDomain: "static.example.org" })],
    good: [cdn({ customDomain: "static.example.org", certificateName: "static" })],
    differs: "a certificate",
  },
  {
    name: "an image over HTTP",
    bad: [image("http://images.example.org/base.qcow2")],
    good: [image("https://images.example.org/base.qcow2")],
    differs: "HTTPS",
  },
];
