import { z } from "zod";
import type { Values } from "../../domain/cost/inputs.ts";
import { matcher } from "../../domain/pattern.ts";
import { type TagList, tagList } from "../machines.ts";
import { resourceRule } from "../rule.ts";

/** Types whose tags say what they are. Those of a firewall or an alert say what it is aimed at. */
const TAGGED = [
  "customImage",
  "databaseCluster",
  "databaseReplica",
  "droplet",
  "dropletAutoscale",
  "genaiAgent",
  "genaiKnowledgeBase",
  "gradientaiAgent",
  "gradientaiCustomModel",
  "gradientaiKnowledgeBase",
  "kubernetesCluster",
  "kubernetesNodePool",
  "nfs",
  "vectorDatabase",
  "volume",
  "volumeSnapshot",
];

const settings = z.object({
  tags: z
    .array(z.string().min(1))
    .default([])
    .describe('Tags that each resource has to carry; * stands for any text, as in "owner:*". Empty, none has to'),
  types: z
    .array(z.enum(TAGGED))
    .optional()
    .describe("Words of the types that have to carry them, such as droplet. Unset, all types that take tags"),
});

export const rule = resourceRule({
  id: "required-tags",
  title: "resources carry the required tags",
  reason:
    "Tags are how an invoice is split, how firewalls and load balancers find machines, and how a sweep knows whose a forgotten resource is. DigitalOcean compares them without regard to letter case.",
  fix: "add the tags that are missing",
  severity: "low",
  settings,
  types: TAGGED,
  judge({ type, inputs }, { tags, types }) {
    const word = /\/(\w+):/.exec(type)?.[1] ?? "";
    if (types && !types.includes(word)) return [];
    const [path, found] = tagsOf(word, inputs);
    const carried = found.known.map((tag) => tag.toLowerCase());
    const missing = tags.filter((tag) => !carried.some(matcher(tag.toLowerCase())));
    if (missing.length === 0) return [];
    const doubt = found.unknown ? " as far as they are known before the update" : "";
    return [`${path} has ${found.known.join(", ") || "none"}; missing${doubt}: ${missing.join(", ")}`];
  },
});

function tagsOf(word: string, inputs: Values): [path: string, TagList] {
  if (word !== "dropletAutoscale") return ["tags", tagList(inputs.tags)];
  const template = inputs.dropletTemplate;
  const tags = typeof template === "object" && template !== null ? (template as Values).tags : template;
  return ["dropletTemplate.tags", tagList(tags)];
}
