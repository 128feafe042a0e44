import { describe, expect, test } from "vitest";
import { UNKNOWN as unknown } from "../../domain/cost/inputs.ts";
import type { Subject } from "../rule.ts";
import { declared, findings } from "../testing/stack.ts";
import { rule } from "./firewall-required.ts";

const tag = (name: unknown) => declared("tag", "tag", { name });
const from = (input: string, ...of: Subject[]) => ({ propertyDependencies: { [input]: of.map(({ urn }) => urn) } });
const droplet = (inputs: object = {}, more: Partial<Subject> = {}) => declared("droplet", "web", { ...inputs }, more);
const firewall = (inputs: object, more: Partial<Subject> = {}) => declared("firewall", "fw", { ...inputs }, more);
const said = (...resources: Subject[]) => findings(rule, resources);

const WITHOUT = "web: it has no tag at which a firewall could aim, and no firewall names its id";

describe("a droplet is covered", () => {
  test("by a tag", () => expect(said(droplet({ tags: ["a", "b"] }), firewall({ tags: ["c", "b"] }))).toEqual([]));

  test("by an id that the cloud knows", () =>
    expect(said(droplet({}, { id: "42" }), firewall({ dropletIds: [41, 42] }))).toEqual([]));

  test("by an id that is not known yet", () => {
    const web = droplet();
    expect(said(web, firewall({ dropletIds: [unknown] }, from("dropletIds", web)))).toEqual([]);
  });

  test("by a tag whose id is not known yet, for its id is its name", () => {
    const web = tag("web");
    expect(said(web, droplet({ tags: ["web"] }), firewall({ tags: [unknown] }, from("tags", web)))).toEqual([]);
    expect(said(web, droplet({ tags: [unknown] }, from("tags", web)), firewall({ tags: ["web"] }))).toEqual([]);
  });

  test("by a tag of which not even the name is known yet", () => {
    const one = tag(unknown);
    const resources = [
      one,
      droplet({ tags: [unknown] }, from("tags", one)),
      firewall({ tags: unknown }, from("tags", one)),
    ];
    expect(said(...resources)).toEqual([]);
  });

  test("where it has no public address", () => expect(said(droplet({ publicNetworking: false }))).toEqual([]));
});

describe("a droplet is not covered", () => {
  test("by nothing", () => expect(said(droplet())).toEqual([WITHOUT]));

  test("by a firewall that aims at nothing", () => expect(said(droplet(), firewall({}))).toEqual([WITHOUT]));

  test("by a tag of other capitals", () =>
    expect(said(droplet({ tags: ["web"] }), firewall({ tags: ["Web"] }))).toEqual([
      "web: no firewall aims at its tags (web), and no firewall names its id",
    ]));

  test("by ids that are not known, of another droplet", () => {
    const other = declared("droplet", "other", {});
    const found = said(
      droplet({}, { id: unknown }),
      other,
      firewall({ dropletIds: [unknown] }, from("dropletIds", other)),
    );
    expect(found).toEqual([WITHOUT]);
  });

  test("by tags that are not known and come from something else than a tag", () => {
    const command = declared("command:local:Command", "command", {});
    const uses = from("tags", command);
    expect(said(command, droplet({ tags: [unknown] }, uses), firewall({ tags: [unknown] }, uses))).toEqual([
      "web: no firewall aims at its tags (some that are not known before the update), and no firewall names its id",
    ]);
  });

  test("where it is not known whether it has a public address", () =>
    expect(said(droplet({ publicNetworking: unknown }))).toEqual([WITHOUT]));
});

describe("a pool of droplets", () => {
  const pool = (dropletTemplate: unknown) => declared("dropletAutoscale", "pool", { dropletTemplate });
  test("is covered by the tag of its template", () => {
    expect(said(pool({ tags: ["a"] }), firewall({ tags: ["a"] }))).toEqual([]);
    expect(said(pool({ tags: ["a"] }), firewall({ tags: ["b"] }))).toHaveLength(1);
    expect(said(pool({}))).toHaveLength(1);
  });
  test("is not where the template is not known", () =>
    expect(said(pool(unknown), firewall({ tags: ["a"] }))).toHaveLength(1));
});

test("other resources need no firewall", () => expect(said(tag("web"), declared("volume", "data", {}))).toEqual([]));

test("a firewall of another stack covers its tags", () => {
  expect(findings(rule, [droplet({ tags: ["base"] })], { tags: ["base"] })).toEqual([]);
});
