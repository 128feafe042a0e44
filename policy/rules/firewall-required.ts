import { z } from "zod";
import { isUnknown } from "../../domain/cost/inputs.ts";
import { isOf } from "../inbound.ts";
import { type Subject, stackRule } from "../rule.ts";

const settings = z.object({
  tags: z
    .array(z.string().min(1))
    .default([])
    .describe("Tags that a firewall outside this stack aims at: a droplet with one of them is covered"),
});

export const rule = stackRule({
  id: "firewall-required",
  title: "every droplet is covered by a firewall",
  reason:
    "A droplet without a firewall answers the world on every port where something listens; a Cloud Firewall costs nothing and refuses whatever no rule lets in (docs.digitalocean.com/products/networking/firewalls). Docker opens published ports past ufw, so a firewall on the machine is not enough.",
  fix: "aim a digitalocean.Firewall at a tag of the droplet (which covers it from its first second) or at its id",
  severity: "critical",
  settings,
  judgeStack(resources, { tags: outside }) {
    const firewalls = resources.filter((one) => isOf("firewall", one));
    const byTag = new Set([
      ...outside,
      ...firewalls.flatMap((one) => tagsIn(one, one.inputs.tags, "tags", resources).known),
    ]);
    return resources.flatMap((resource) => {
      const given = tagsOf(resource, resources);
      if (!given || given.known.some((tag) => byTag.has(tag)) || firewalls.some((one) => namesIt(one, resource)))
        return [];
      const names = given.known.filter((tag) => !tag.startsWith("urn:"));
      const tags = [...names, ...(given.unknown ? ["some that are not known before the update"] : [])];
      const message =
        tags.length > 0
          ? `it has the tags ${tags.join(", ")}, at which no firewall aims`
          : "it has no tag at which a firewall could aim";
      return [{ resource, message: `${message}, and no firewall names its id` }];
    });
  },
});

interface Tags {
  /** Names; of a tag whose name is not known yet, the URN. */
  known: string[];
  unknown: boolean;
}

/** Tags of what may be reached from outside; undefined where it cannot be, or is nothing that a firewall covers. */
function tagsOf(resource: Subject, resources: readonly Subject[]): Tags | undefined {
  if (isOf("droplet", resource)) {
    if (resource.inputs.publicNetworking === false) return undefined;
    return tagsIn(resource, resource.inputs.tags, "tags", resources);
  }
  if (!isOf("dropletAutoscale", resource)) return undefined;
  const template = resource.inputs.dropletTemplate;
  if (isUnknown(template) || typeof template !== "object" || template === null) return { known: [], unknown: true };
  const { tags, publicNetworking } = template as Record<string, unknown>;
  return publicNetworking === false ? undefined : tagsIn(resource, tags, "dropletTemplate", resources);
}

/** A name that is not known is one of the tags that the input is made from: their ids are their names. */
function tagsIn(of: Subject, list: unknown, input: string, resources: readonly Subject[]): Tags {
  if (list === undefined || list === null) return { known: [], unknown: false };
  const all = isUnknown(list) || !Array.isArray(list) ? [list] : list;
  const known = all.filter((one) => typeof one === "string" && !isUnknown(one)) as string[];
  if (known.length === all.length) return { known, unknown: false };
  const from = of.propertyDependencies?.[input] ?? [];
  const tags = resources.filter((one) => isOf("tag", one) && from.includes(one.urn));
  const named = tags.map(({ urn, inputs }) =>
    typeof inputs.name === "string" && !isUnknown(inputs.name) ? inputs.name : urn,
  );
  return { known: [...known, ...named], unknown: tags.length === 0 };
}

function namesIt(firewall: Subject, { urn, id }: Subject): boolean {
  if (firewall.propertyDependencies?.dropletIds?.includes(urn)) return true;
  const ids = firewall.inputs.dropletIds;
  return Array.isArray(ids) && id !== undefined && ids.some((one) => String(one) === id);
}
