import { nodePrice } from "../../domain/cost/node-price.ts";
import type { Decision } from "../../domain/lifecycle-decision.ts";
import { noticeText, type Saving, saving } from "../../domain/saving.ts";
import { type StopResult, stopNode } from "../lifecycle/stop.ts";
import { forgetWarnings, isDue, placeNotice, placeWarning, removeNotices } from "./notice-markers.ts";
import type { Observed } from "./observe.ts";
import type { Pass } from "./pass.ts";
import { usageOfDays } from "./usage.ts";

/** Does what was decided. Notices that cannot be sent are in the pass's errors; whatever else fails is thrown. */
export async function carryOut(pass: Pass, decision: Decision, seen: Observed): Promise<unknown> {
  const { stack } = pass;
  const { now } = seen.facts;
  switch (decision.act) {
    case "notice": {
      const known = await savingOf(pass, decision, seen);
      await pass.tell(noticeText(decision, stack.owner.node, "before", known));
      // Afterwards: a kill in between tells twice, rather than never.
      return placeNotice(stack, decision.topic, now);
    }
    case "withdraw":
      await removeNotices(stack, (action) => action === decision.topic);
      return pass.tell(noticeText(decision, stack.owner.node, "after"));
    case "stop":
      return stop(pass, decision, seen);
    case "expire": {
      const result = await pass.deps.expire(stack, pass.operation);
      await removeNotices(stack, () => true);
      await pass.tell(noticeText(decision, stack.owner.node, "after"));
      return result;
    }
    default:
      return undefined;
  }
}

async function stop(pass: Pass, decision: Decision, seen: Observed): Promise<StopResult> {
  const { stack } = pass;
  // The price is asked for before the droplet is gone.
  const known = await savingOf(pass, decision, seen);
  const result = await pass.deps.stop(stack, {
    ...pass.operation,
    why: decision.reason,
    ...(seen.facts.markers.stopping ? { strategy: seen.facts.markers.stopping.strategy } : {}),
  });
  await removeNotices(stack, () => true);
  const { stillBilled } = result;
  const text = noticeText({ ...decision, act: "stop" }, stack.owner.node, "after", { ...known, stillBilled });
  await pass.tell(text);
  return result;
}

/** Tells of a deed that failed; once a day, however often it is tried. */
export async function tellFailure(
  pass: Pass,
  decision: Decision,
  reason: string,
  { markers, now }: Pick<Observed["facts"], "markers" | "now">,
): Promise<void> {
  const { stack } = pass;
  if (!isDue(markers, `failed-${decision.act}`, now)) return;
  const deed =
    decision.act === "expire" ? "could not be expired" : "could not be stopped, and its droplet may be billed";
  await pass.tell({ title: `${stack.owner.node}: it ${deed}`, text: `Reason: ${reason}` });
  await placeWarning(stack, `failed-${decision.act}`, now);
}

/** Tells what has not been told for a day, and forgets what is over. */
export async function tellWarnings(pass: Pass, warnings: readonly Decision[], seen: Observed): Promise<void> {
  const { markers, now } = seen.facts;
  for (const warning of warnings) {
    if (!isDue(markers, warning.topic, now)) continue;
    await pass.tell(noticeText(warning, pass.stack.owner.node, "before"));
    await placeWarning(pass.stack, warning.topic, now);
  }
  const standing = [...warnings.map(({ topic }) => topic), "failed-stop", "failed-expire"];
  await forgetWarnings(pass.stack, markers, standing);
}

/** Empty where the price is not known: no figure is better than a wrong one. What this pass measured is in the audit already. */
async function savingOf(pass: Pass, decision: Decision, seen: Observed): Promise<{ saving?: Saving }> {
  const { stack, deps } = pass;
  const { droplet } = seen;
  if (!droplet || (decision.topic !== "stop" && decision.topic !== "lifetime")) return {};
  try {
    const rows = (await stack.cloud.sizes()).map(({ slug, price_hourly }) => ({ slug, priceHourly: price_hourly }));
    const price = nodePrice({ size: droplet.size_slug, volumesGiB: [] }, rows);
    const { plan } = await stopNode(stack, { dryRun: true });
    if (!price || !plan?.breakEven) return {};
    const usage = usageOfDays(deps.audit, stack.owner.node, seen.facts.now);
    const { storageMonthlyUsd } = plan.breakEven;
    return { saving: saving({ hourlyUsd: price.dropletHourlyUsd, storageMonthlyUsd }, usage) };
  } catch (error) {
    pass.fail("notice", error, "the saving is not known");
    return {};
  }
}
