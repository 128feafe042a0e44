import { describe, expect, test } from "vitest";
import { UNKNOWN as unknown } from "../../domain/cost/inputs.ts";
import { declared, said } from "../testing/stack.ts";
import { rule } from "./spaces-private.ts";

const judge = (word: string, inputs: Record<string, unknown>, publicBuckets: string[] = []) =>
  said(rule, declared(word, "one", inputs), { publicBuckets });

describe.each(["spacesBucket", "spacesBucketObject"])("the acl of a %s", (word) => {
  test.each([undefined, null, "", "private"])("%j is private", (acl) => expect(judge(word, { acl })).toEqual([]));

  test.each(["public-read", "public-read-write", "authenticated-read"])("%s is not", (acl) =>
    expect(judge(word, { acl })).toEqual([`acl is ${acl}`]),
  );

  test("that is not known may be public", () => {
    expect(judge(word, { acl: unknown })).toEqual(["acl is not known before the update, and may be public"]);
  });
});

test("a listed bucket may be public, and so may what is in it; another may not", () => {
  const acl = "public-read";
  expect(judge("spacesBucket", { name: "site", acl }, ["site"])).toEqual([]);
  expect(judge("spacesBucketObject", { bucket: "site", acl }, ["site"])).toEqual([]);
  expect(judge("spacesBucketPolicy", { bucket: "site", policy: unknown }, ["site"])).toEqual([]);
  expect(judge("spacesBucketObject", { bucket: "sites", acl }, ["site"])).toHaveLength(1);
  expect(judge("spacesBucketObject", { bucket: unknown, acl }, ["site"])).toHaveLength(1);
  expect(judge("spacesBucket", { acl }, ["site"])).toHaveLength(1);
});

describe("a bucket's policy", () => {
  const policy = (statement: unknown) =>
    judge("spacesBucketPolicy", { bucket: "b", policy: JSON.stringify({ Statement: statement }) });
  const read = { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*" };
  const source = (...addresses: string[]) => ({ IpAddress: { "aws:SourceIp": addresses } });

  test.each([
    ["a star", { Principal: "*" }],
    ["a star for AWS", { Principal: { AWS: "*" } }],
    ["a star among others", { Principal: { AWS: ["arn:aws:iam:::user/a", "*"] } }],
    ["everybody but one", { NotPrincipal: { AWS: "arn:aws:iam:::user/a" } }],
    ["every address", { Principal: "*", Condition: source("0.0.0.0/0") }],
    ["the world in two halves", { Principal: "*", Condition: source("0.0.0.0/1", "128.0.0.0/1") }],
    ["every IPv6 address beside a known one", { Principal: "*", Condition: source("203.0.113.7", "::/0") }],
    ["no address", { Principal: "*", Condition: source() }],
    ["a known address beside a word", { Principal: "*", Condition: source("203.0.113.7", "office") }],
    ["an address that is none", { Principal: "*", Condition: source("office") }],
    [
      "a referer, which one can make up",
      { Principal: "*", Condition: { StringLike: { "aws:Referer": "https://x/*" } } },
    ],
    ["addresses that are kept out", { Principal: "*", Condition: { NotIpAddress: { "aws:SourceIp": "203.0.113.7" } } }],
  ])("lets everybody in by %s", (_, more) => {
    const told = ["policy: statement 1 lets everybody do s3:GetObject"];
    expect(policy([{ ...read, ...more }])).toEqual(told);
    expect(policy({ ...read, ...more })).toEqual(told);
  });

  test.each([
    ["a name", { Principal: { AWS: "arn:aws:iam:::user/a" } }],
    ["known addresses", { Principal: "*", Condition: source("203.0.113.0/24", "2001:db8::/48") }],
    ["a refusal", { Principal: "*", Effect: "Deny" }],
    ["nobody", {}],
  ])("does not by %s", (_, more) => expect(policy([{ ...read, ...more }])).toEqual([]));

  test("is told by the statement's name, each", () => {
    const open = { ...read, Principal: "*" };
    const named = { ...open, Sid: "Write", Action: ["s3:PutObject", "s3:DeleteObject"] };
    expect(policy([{ ...open, Effect: "Deny" }, named, { ...open, Action: undefined, NotAction: "s3:Put*" }])).toEqual([
      "policy: Write lets everybody do s3:PutObject, s3:DeleteObject",
      "policy: statement 3 lets everybody do nearly everything",
    ]);
  });

  test.each(["", "{", "[]", "null", "{}", '{"Statement": 5}'])("that is %j cannot be read", (text) => {
    expect(judge("spacesBucketPolicy", { bucket: "b", policy: text })[0]).toContain("no JSON of a bucket policy");
  });
});
