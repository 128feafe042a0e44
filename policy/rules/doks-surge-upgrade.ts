import { z } from "zod";
import { isUnknown } from "../../domain/cost/inputs.ts";
import { resourceRule } from "../rule.ts";

export const rule = resourceRule({
  id: "doks-surge-upgrade",
  title: "Kubernetes clusters bring new nodes up before old ones go",
  reason:
    "A surge upgrade brings new nodes up before it destroys the old ones (DigitalOcean's OpenAPI document: surge_upgrade); without it every upgrade, also one that DigitalOcean schedules, takes nodes away from the work that runs. The additional nodes cost only while it lasts. The provider's default is on.",
  fix: "leave surgeUpgrade out, or set it to true",
  severity: "medium",
  types: ["kubernetesCluster"],
  settings: z.object({}),
  judge({ inputs: { surgeUpgrade } }) {
    if (isUnknown(surgeUpgrade)) return ["surgeUpgrade is not known before the update, and may be off"];
    return surgeUpgrade === false || surgeUpgrade === "false" ? ["surgeUpgrade is off"] : [];
  },
});
