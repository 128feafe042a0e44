import { z } from "zod";
import { matcher } from "../../domain/pattern.ts";
import { MACHINE_TYPES } from "../machines.ts";
import { resourceRule } from "../rule.ts";
import { slugsOf } from "../slugs.ts";

const patterns = (what: string) =>
  z
    .array(z.string().min(1))
    .optional()
    .describe(`Slugs of ${what} that may be used; * stands for any text. Unset, all may be`);

const settings = z.object({
  sizes: patterns("machine sizes (droplets, autoscale pools, DOKS nodes)"),
  databaseSizes: patterns("database sizes"),
  appSizes: patterns("App Platform instance sizes"),
});

export const rule = resourceRule({
  id: "allowed-sizes",
  title: "only listed sizes are used",
  reason:
    "The size decides the price, and the provider takes any text for one (its schema only checks that it is not empty): a list keeps a typing error or a copied program from making a machine that nobody has agreed to.",
  fix: "choose a size of the list, or add the size to the list",
  severity: "medium",
  settings,
  types: [...MACHINE_TYPES, "databaseCluster", "databaseReplica", "app"],
  judge(resource, allowed) {
    const lists = { machine: allowed.sizes, database: allowed.databaseSizes, app: allowed.appSizes };
    return slugsOf(resource).flatMap(({ kind, path, slug }) => {
      const list = lists[kind];
      if (list === undefined) return [];
      if (slug === undefined) return [`${path} is not known before the update; allowed: ${list.join(", ")}`];
      return list.some((pattern) => matcher(pattern)(slug)) ? [] : [`${path} is ${slug}; allowed: ${list.join(", ")}`];
    });
  },
});
