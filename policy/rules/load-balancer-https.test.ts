import { describe, expect, test } from "vitest";
import { UNKNOWN as unknown } from "../../domain/cost/inputs.ts";
import type { ResourceRule } from "../rule.ts";
import { declared } from "../testing/stack.ts";
import { rule } from "./load-balancer-https.ts";

const http = { entryProtocol: "http", entryPort: 80 };
const https = { entryProtocol: "https", entryPort: 443 };

function said(inputs: object, settings: object = {}): readonly string[] {
  const resource = declared("loadBalancer", "lb", { ...inputs });
  return (rule as ResourceRule).judge(resource, rule.settings.parse(settings), undefined as never);
}

describe("plain HTTP", () => {
  const both = { forwardingRules: [http, https] };
  test("is redirected", () => expect(said({ ...both, redirectHttpToHttps: true })).toEqual([]));
  test("is redirected to HTTP/2 or HTTP/3 as well", () => {
    for (const entryProtocol of ["http2", "http3", "HTTPS"])
      expect(said({ forwardingRules: [http, { ...https, entryProtocol }], redirectHttpToHttps: true })).toEqual([]);
  });
  test("is not redirected", () =>
    expect(said({ ...both, redirectHttpToHttps: false })).toEqual([
      "forwardingRules[0] takes in plain HTTP, and redirectHttpToHttps is not set",
    ]));
  test("is perhaps not redirected", () =>
    expect(said({ ...both, redirectHttpToHttps: unknown })).toEqual([
      "forwardingRules[0] takes in plain HTTP, and redirectHttpToHttps is not known before the update",
    ]));
  test("is redirected to nothing", () =>
    expect(said({ forwardingRules: [http], redirectHttpToHttps: true })).toEqual([
      "forwardingRules[0] redirects to HTTPS, but nothing is forwarded on port 443",
    ]));
  test("on a port that is not known", () =>
    expect(said({ forwardingRules: [{ ...http, entryPort: unknown }, https], redirectHttpToHttps: true })).toEqual([
      "forwardingRules[0] takes in plain HTTP on a port that is not known before the update, and only port 80 is redirected",
    ]));
  test("as TCP on port 80", () =>
    expect(said({ forwardingRules: [{ entryProtocol: "tcp", entryPort: 80 }] })).toEqual([
      "forwardingRules[0] forwards port 80 as tcp, so plain HTTP is not redirected",
    ]));
});

describe("TLS passed through", () => {
  const passing = { name: "ingress", forwardingRules: [{ ...https, tlsPassthrough: true }] };
  test("is refused", () =>
    expect(said(passing)).toEqual(["forwardingRules[0] passes TLS through, and it is not listed in tlsPassthrough"]));
  test("is let through where it is listed, by its name or its resource's", () => {
    expect(said(passing, { tlsPassthrough: ["ingress"] })).toEqual([]);
    expect(said(passing, { tlsPassthrough: ["lb"] })).toEqual([]);
    expect(said(passing, { tlsPassthrough: ["other"] })).toHaveLength(1);
  });
  test("is perhaps", () =>
    expect(said({ forwardingRules: [{ ...https, tlsPassthrough: unknown }] })).toEqual([
      "forwardingRules[0] may pass TLS through: tlsPassthrough is not known before the update",
    ]));
  test("as TCP: 443 and 80 of a listed one", () => {
    const tcp = [80, 443].map((entryPort) => ({ entryProtocol: "tcp", entryPort }));
    expect(said({ forwardingRules: tcp })).toHaveLength(2);
    expect(said({ forwardingRules: tcp }, { tlsPassthrough: ["lb"] })).toEqual([]);
  });
  test("does not allow plain HTTP", () =>
    expect(
      said({ forwardingRules: [http, { ...https, tlsPassthrough: true }] }, { tlsPassthrough: ["lb"] }),
    ).toHaveLength(1));
});

describe("what is not known", () => {
  test("all rules", () =>
    expect(said({ forwardingRules: unknown })).toEqual([
      "forwardingRules may take in plain HTTP: its protocol is not known before the update",
    ]));
  test("a protocol", () =>
    expect(said({ forwardingRules: [{ ...https, entryProtocol: unknown }] })).toEqual([
      "forwardingRules[0] may take in plain HTTP: its protocol is not known before the update",
    ]));
  test("which port of tcp", () =>
    expect(said({ forwardingRules: [{ entryProtocol: "tcp", entryPort: unknown }] })).toEqual([
      "forwardingRules[0] may pass TLS through as tcp: its port is not known before the update",
    ]));
  test("whether it is internal", () => expect(said({ network: unknown, forwardingRules: [http] })).toHaveLength(1));
});

test("an internal load balancer, one for other protocols, and a global one without rules are none of its business", () => {
  expect(said({ network: "internal", forwardingRules: [http] })).toEqual([]);
  expect(
    said({
      forwardingRules: [
        { entryProtocol: "tcp", entryPort: 1883 },
        { entryProtocol: "udp", entryPort: 443 },
      ],
    }),
  ).toEqual([]);
  expect(said({ type: "GLOBAL", glbSettings: { targetProtocol: "http", targetPort: 80 } })).toEqual([]);
});
