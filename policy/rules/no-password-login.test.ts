import { expect, test } from "vitest";
import { UNKNOWN as unknown } from "../../domain/cost/inputs.ts";
import type { Subject } from "../rule.ts";
import { declared, said } from "../testing/stack.ts";
import { rule } from "./no-password-login.ts";

const droplet = (inputs: Record<string, unknown>, more: Partial<Subject> = {}) =>
  said(rule, declared("droplet", "web", inputs, more));
const pool = (dropletTemplate: unknown) => said(rule, declared("dropletAutoscale", "web", { dropletTemplate }));
const madeFrom = (type: string) => ({
  propertyDependencies: { sshKeys: [`urn:pulumi:test::project::digitalocean:index/${type}::one`] },
});

test("one key is enough, whichever it is", () => {
  expect(droplet({ sshKeys: ["1"] })).toEqual([]);
  expect(droplet({ sshKeys: [unknown] })).toEqual([]);
  expect(pool({ sshKeys: [unknown] })).toEqual([]);
});

test("no key is none", () => {
  const told = "sshKeys is empty: a root password is mailed, and asked for over ssh";
  for (const sshKeys of [undefined, null, []]) expect(droplet({ sshKeys })).toEqual([told]);
  expect(pool({})).toEqual([`dropletTemplate.${told}`]);
});

test("a list that is not known is empty, but for one that was made from an SshKey", () => {
  const told = "sshKeys is not known before the update, and may be empty";
  expect(droplet({ sshKeys: unknown })).toEqual([told]);
  expect(droplet({ sshKeys: unknown }, madeFrom("droplet:Droplet"))).toEqual([told]);
  expect(droplet({ sshKeys: unknown }, madeFrom("sshKey:SshKey"))).toEqual([]);
});

test("user data or a template that is not known may turn it on", () => {
  const sshKeys = ["1"];
  expect(droplet({ sshKeys, userData: unknown })).toEqual([
    "userData is not known before the update, and may turn it on",
  ]);
  expect(pool(unknown)).toEqual(["dropletTemplate is not known before the update"]);
  expect(pool({ sshKeys, userData: "#cloud-config\nssh_pwauth: true\n" })).toEqual([
    "dropletTemplate.userData sets ssh_pwauth (line 2)",
  ]);
});
