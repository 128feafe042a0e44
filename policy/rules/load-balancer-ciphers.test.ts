import { expect, test } from "vitest";
import { UNKNOWN as unknown } from "../../domain/cost/inputs.ts";
import { declared, said } from "../testing/stack.ts";
import { rule } from "./load-balancer-ciphers.ts";

const judge = (inputs: Record<string, unknown>, tlsCipherPolicy?: string) =>
  said(rule, declared("loadBalancer", "one", inputs), tlsCipherPolicy ? { tlsCipherPolicy } : {});
const rules = (entryProtocol: unknown, more: object = {}) => ({ forwardingRules: [{ entryProtocol, ...more }] });

test("says nothing until strong ciphers are asked for", () => {
  expect(judge(rules("https"))).toEqual([]);
  expect(judge(rules("https"), "STRONG")).toEqual(["tlsCipherPolicy is DEFAULT"]);
});

test.each(["https", "http2", "http3", "HTTPS", unknown])("%s ends TLS", (protocol) => {
  expect(judge(rules(protocol), "STRONG")).toHaveLength(1);
  expect(judge({ ...rules(protocol), tlsCipherPolicy: "strong" }, "STRONG")).toEqual([]);
  expect(judge({ ...rules(protocol), tlsCipherPolicy: unknown }, "STRONG")).toHaveLength(1);
});

test("who does not end TLS has no ciphers", () => {
  for (const protocol of ["http", "tcp", "udp"]) expect(judge(rules(protocol), "STRONG")).toEqual([]);
  expect(judge(rules("https", { tlsPassthrough: true }), "STRONG")).toEqual([]);
});

test("rules that are not known may end it", () => {
  expect(judge({ forwardingRules: unknown }, "STRONG")).toHaveLength(1);
  expect(judge({ forwardingRules: [unknown] }, "STRONG")).toHaveLength(1);
  expect(judge({ type: "GLOBAL" }, "STRONG")).toHaveLength(1);
});
