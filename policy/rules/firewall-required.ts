import { z } from "zod";
import { isUnknown } from "../../domain/cost/inputs.ts";
import { isOf, resourceAt } from "../lookup.ts";
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
    const byName = new Set(firewalls.flatMap(named));
    return resources.flatMap((resource) => {
      const given = tagsOf(resource, resources);
      if (!given || given.known.some((tag) => byTag.has(tag))) return [];
      if (byName.has(resource.urn) || (resource.id !== undefined && byName.has(resource.id))) return [];
      return [{ resource, message: `${without(given)}, and no firewall names its id` }];
    });
  },
});

function without({ known, unknown }: Tags): string {
  const names = known.filter((tag) => !tag.startsWith("urn:"));
  const all = [...names, ...(unknown ? ["some that are not known before the update"] : [])];
  return all.length > 0
    ? `no firewall aims at its tags (${all.join(", ")})`
    : "it has no tag at which a firewall could aim";
}

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
  const tags = from.flatMap((urn) => resourceAt(urn, resources) ?? []).filter((one) => isOf("tag", one));
  const named = tags.map(({ urn, inputs }) =>
    typeof inputs.name === "string" && !isUnknown(inputs.name) ? inputs.name : urn,
  );
  return { known: [...known, ...named], unknown: tags.length === 0 };
}

/** URNs and ids of the droplets that a firewall names. */
function named({ inputs, propertyDependencies }: Subject): string[] {
  const ids = Array.isArray(inputs.dropletIds) ? inputs.dropletIds.filter((one) => !isUnknown(one)).map(String) : [];
  return [...(propertyDependencies?.dropletIds ?? []), ...ids];
}
