import type { Declared } from "../engine/harness.ts";
import type { PolicyCases } from "./case.ts";
import { command } from "./parts/network.ts";

/** The same for all, so that one preview judges them. */
const settings = { publicBuckets: ["site"] };

function bucket(more: object = {}): Declared {
  return { name: "bucket", type: "digitalocean:SpacesBucket", args: { name: "case", region: "tor1", ...more } };
}

function object(more: object = {}): Declared {
  const args = { bucket: "case", region: "tor1", key: "report.csv", content: "a,b\n", ...more };
  return { name: "object", type: "digitalocean:SpacesBucketObject", args };
}

function policy(statement: object | undefined, more: object = {}): Declared {
  const read = { Sid: "Read", Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::case/*" };
  const text = JSON.stringify({ Version: "2012-10-17", Statement: [{ ...read, ...statement }] });
  return {
    name: "policy",
    type: "digitalocean:SpacesBucketPolicy",
    args: { bucket: "case", region: "tor1", policy: text, ...more },
  };
}

const key = { AWS: "arn:aws:iam:::user/reports" };
const from = (address: string) => ({ Principal: "*", Condition: { IpAddress: { "aws:SourceIp": address } } });

export const cases: PolicyCases = [
  {
    name: "a bucket that everybody may list",
    settings,
    bad: [bucket({ acl: "public-read" })],
    good: [bucket({ acl: "private" })],
    differs: "it is private",
  },
  {
    name: "a bucket whose list of rights is not known before the update",
    settings,
    bad: [command, bucket({ acl: { $ref: "command.stdout" } })],
    good: [command, bucket()],
    differs: "the provider's default, which is private",
  },
  {
    name: "a public bucket that is not the listed one",
    settings,
    bad: [bucket({ acl: "public-read", name: "site-backup" })],
    good: [bucket({ acl: "public-read", name: "site" })],
    differs: "it is the listed one",
  },
  {
    name: "an object that everybody may read",
    settings,
    bad: [object({ acl: "public-read" })],
    good: [object({ acl: "private" })],
    differs: "it is private",
  },
  {
    name: "a policy that lets everybody read",
    settings,
    bad: [policy({ Principal: "*" })],
    good: [policy({ Principal: key })],
    differs: "it names who may",
  },
  {
    name: "a policy with everybody in a list",
    settings,
    bad: [policy({ Principal: { AWS: ["arn:aws:iam:::user/reports", "*"] } })],
    good: [policy({ Principal: { AWS: ["arn:aws:iam:::user/reports"] } })],
    differs: "the list names who may",
  },
  {
    name: "a policy for every address",
    settings,
    bad: [policy(from("0.0.0.0/0"))],
    good: [policy(from("203.0.113.0/24"))],
    differs: "the network of an office",
  },
  {
    name: "a policy for everybody but one",
    settings,
    bad: [policy({ NotPrincipal: key })],
    good: [policy({ Principal: key })],
    differs: "for that one",
  },
  {
    name: "a policy that is not known before the update",
    settings,
    bad: [command, policy(undefined, { policy: { $ref: "command.stdout" } })],
    good: [command, policy({ Principal: key })],
    differs: "the policy is known",
  },
];
