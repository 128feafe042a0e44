import { z } from "zod";
import { isUnknown, type Values } from "../../domain/cost/inputs.ts";
import { publicStatements } from "../bucket-policy.ts";
import { resourceRule } from "../rule.ts";

const settings = z.object({
  publicBuckets: z
    .array(z.string().min(1))
    .default([])
    .describe("Names of buckets that everybody may read, like a website's"),
});

export const rule = resourceRule({
  id: "spaces-private",
  title: "buckets, their objects and their policies are private",
  reason:
    "What is readable by everybody is found: bucket names are guessed and listed by programs that do nothing else, and public-read on a bucket lets everybody list its files (docs.aws.amazon.com: canned ACLs, which Spaces takes over). Private is the provider's default.",
  fix: "leave acl out and hand out presigned addresses, or name in publicBuckets the bucket that is meant for everybody (give its bucket.name, not its id, so that it is known in a preview)",
  severity: "critical",
  types: ["spacesBucket", "spacesBucketObject", "spacesBucketPolicy"],
  settings,
  judge({ type, inputs }, { publicBuckets }) {
    const bucket = type.endsWith(":SpacesBucket") ? inputs.name : inputs.bucket;
    if (typeof bucket === "string" && publicBuckets.includes(bucket)) return [];
    return type.endsWith(":SpacesBucketPolicy") ? policyProblems(inputs.policy) : aclProblems(inputs);
  },
});

function aclProblems({ acl }: Values): string[] {
  if (isUnknown(acl)) return ["acl is not known before the update, and may be public"];
  if (acl === undefined || acl === null || acl === "" || acl === "private") return [];
  return [`acl is ${acl}`];
}

function policyProblems(policy: unknown): string[] {
  if (isUnknown(policy)) return ["policy is not known before the update, and may let everybody in"];
  if (typeof policy !== "string") return [];
  const found = publicStatements(policy);
  if (found === undefined) return ["policy is no JSON of a bucket policy, so that nobody can tell whom it lets in"];
  return found.map(({ name, actions }) => `policy: ${name} lets everybody do ${actions.join(", ")}`);
}
