import { expect, test } from "vitest";
import { UNKNOWN as unknown } from "../../domain/cost/inputs.ts";
import { declared, said } from "../testing/stack.ts";
import { rule } from "./doks-surge-upgrade.ts";

const judge = (surgeUpgrade: unknown) => said(rule, declared("kubernetesCluster", "one", { surgeUpgrade }));

test("surge upgrades are on by default", () => {
  for (const on of [undefined, null, true, "true"]) expect(judge(on)).toEqual([]);
  for (const off of [false, "false"]) expect(judge(off)).toEqual(["surgeUpgrade is off"]);
  expect(judge(unknown)).toEqual(["surgeUpgrade is not known before the update, and may be off"]);
});
