import { z } from "zod";
import { resourceRule } from "../rule.ts";

export const rule = resourceRule({
  id: "volume-protected",
  title: "volumes are protected from deletion",
  reason:
    "A volume goes at once and with all that is on it: there is no bin, and its snapshots are resources of their own. Pulumi deletes one when its line is taken out, when the stack is destroyed, and when its region, description or file system type changes, which replaces it; protect refuses all of these.",
  fix: "set the resource option protect: true; to delete it on purpose, set it to false in an update of its own first",
  severity: "high",
  settings: z.object({}),
  types: ["volume"],
  judge: ({ protect }) => (protect ? [] : ["protect is not set"]),
});
