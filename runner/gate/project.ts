import { estimateCost } from "../cost.ts";
import type { EngineReport } from "../engine/events.ts";
import { rememberedPrices } from "../price-list.ts";
import { type ProjectOptions, previewProject } from "../pricing/project.ts";
import type { OperationOptions } from "../progress.ts";
import type { Judged } from "./gate.ts";
import { usedOverrides } from "./override.ts";
import { type GateOptions, withPackRun } from "./run.ts";
import { verdictOf } from "./verdict.ts";

/**
 * Previews any project of this engine with the pack: what would change, what it costs, what policies say. Changes nothing. Throws
 * `UsageError` and `CommandFailed` as `previewProject` does.
 */
export async function judgedProject(
  options: ProjectOptions & OperationOptions & GateOptions & { home: string },
): Promise<Judged & { stack: string }> {
  const { root, home, overrides = [] } = options;
  const sizes = rememberedPrices({ home, cloud: "digitalocean" });
  return withPackRun({ root, sizes }, options, async (run) => {
    const { before, after, stack = "", report } = await previewProject({ ...options, judge: run });
    const judgedReport = report as EngineReport;
    const verdict = verdictOf(judgedReport, run.pack, run.settings, stack);
    const used = usedOverrides(overrides, verdict);
    return { stack, report: judgedReport, verdict, cost: estimateCost(before, after, sizes), overrides: used };
  });
}
