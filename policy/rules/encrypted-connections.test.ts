import { expect, test } from "vitest";
import { UNKNOWN as unknown } from "../../domain/cost/inputs.ts";
import { declared, said } from "../testing/stack.ts";
import { rule } from "./encrypted-connections.ts";

const judge = (word: string, inputs: Record<string, unknown>) => said(rule, declared(word, "one", inputs));

test.each(["databaseRedisConfig", "databaseValkeyConfig"])("%s: TLS is on unless it is turned off", (word) => {
  for (const ssl of [undefined, null, true, "true"]) expect(judge(word, { ssl })).toEqual([]);
  for (const ssl of [false, "false"]) {
    expect(judge(word, { ssl })).toEqual(["ssl is off, which opens a port without encryption"]);
  }
  expect(judge(word, { ssl: unknown })).toHaveLength(1);
});

test("a log drain is in the clear unless TLS is on", () => {
  expect(judge("databaseLogsinkRsyslog", { tls: true })).toEqual([]);
  for (const tls of [undefined, false, unknown]) expect(judge("databaseLogsinkRsyslog", { tls })).toHaveLength(1);
});

test("a CDN's own domain has a certificate, also one that is made in this update", () => {
  const customDomain = "static.example.org";
  expect(judge("cdn", { origin: "x" })).toEqual([]);
  expect(judge("cdn", { customDomain })).toEqual(["customDomain static.example.org has no certificate"]);
  expect(judge("cdn", { customDomain: unknown })).toEqual([
    "customDomain is not known before the update has no certificate",
  ]);
  for (const certificateName of ["static", unknown])
    expect(judge("cdn", { customDomain, certificateName })).toEqual([]);
  expect(judge("cdn", { customDomain, certificateName: "", certificateId: "892071a0" })).toEqual([]);
});

test.each([
  ["customImage", "url"],
  ["databaseLogsinkOpensearch", "endpoint"],
])("the address of a %s is an https one", (word, key) => {
  expect(judge(word, { [key]: "HTTPS://example.org/x" })).toEqual([]);
  for (const address of ["http://example.org", "ftp://x", "", undefined]) {
    expect(judge(word, { [key]: address })).toEqual([`${key} is not an https address`]);
  }
  expect(judge(word, { [key]: unknown })).toEqual([`${key} is not known before the update, and may be unencrypted`]);
});
