import { expect, test } from "vitest";
import { readYamlFile } from "../yaml-file.ts";
import { filled, runbookSchema } from "./schema.ts";

const RUNBOOK = `
title: the shop is closed
impact: nobody buys
roles: { shop: { what: the shop, images: [shop] } }
parameters: { user: { what: who asks, default: me } }
symptoms: [{ what: no sales, query: "sales == 0" }]
diagnosis:
  - { id: open, title: is it open, state: shop }
  - { id: till, title: what is in the till, exec: { in: shop, command: [count, "--user={{user}}"] } }
causes: [{ id: closed, title: closed, when: [{ check: open, is: failed }] }]
levels:
  - { title: open it, actions: [{ title: open, for: [closed], restart: shop }] }
  - { title: call, actions: [{ title: call, manual: call the keeper }] }
  - { title: build, actions: [{ title: build, manual: build a new one }] }
prevention: [open it in time]
`;
const read = (text: string) => readYamlFile(text, "shop.yaml", runbookSchema);

test("a runbook with its defaults", () => {
  const { levels, escalation, diagnosis } = read(RUNBOOK);
  expect(levels).toHaveLength(3);
  expect(diagnosis[0]).toMatchObject({ timeoutSeconds: 15 });
  expect(escalation.map(({ afterMinutes }) => afterMinutes)).toEqual([15, 30, 60]);
});

test.each([
  [
    "{ check: open,",
    "{ check: opn,",
    /^shop\.yaml:10: causes\.0\.when\.0\.check: there is no check opn; there are: open, till/,
  ],
  ["state: shop", "state: shp", /^shop\.yaml:8: diagnosis\.0\.state: there is no role shp; there are: shop/],
  ["state: shop", "state: shop, host: [df]", /^shop\.yaml:8: diagnosis\.0: must have exactly one of state, exec, host/],
  [", manual: call the keeper", "", /^shop\.yaml:13: levels\.1\.actions\.0: must have exactly one of restart, stop/],
  ["for: [closed]", "for: [shut]", /^shop\.yaml:12: levels\.0\.actions\.0\.for\.0: there is no cause shut/],
  ["{{user}}", "{{usr}}", /^shop\.yaml:9: diagnosis\.1\.exec\.command\.1: there is no parameter usr; there are: user/],
  ["[count, ", '[sh, -c, "echo {{user}}", ', /^shop\.yaml:9: .*a script takes no parameter/],
  ["id: till", "id: open", /^shop\.yaml:9: diagnosis\.1\.id: open is there twice/],
  [
    "restart: shop",
    "restrt: shop",
    /^shop\.yaml:12: levels\.0\.actions\.0\.restrt: there is no such key; did you mean restart\?/,
  ],
  ["- { title: call, actions: [{ title: call, manual: call the keeper }] }", "", /levels: must be three levels/],
])("%s as %s is refused with its place", (from, to, message) => {
  expect(RUNBOOK).toContain(from);
  expect(() => read(RUNBOOK.replace(from, to))).toThrow(message);
});

test("a value stays within its word", () => {
  expect(filled(["a", "--user={{user}}", "{{user}}"], { user: "x; rm -rf /" })).toEqual([
    "a",
    "--user=x; rm -rf /",
    "x; rm -rf /",
  ]);
  expect(filled(["find", "{{mounts}}", "-x{{mounts}}"], {}, ["/a b", "/c"])).toEqual(["find", "/a b", "/c", "-x"]);
});
