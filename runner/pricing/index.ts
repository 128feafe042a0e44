import { catalogPrices } from "../../catalog/digitalocean/prices.ts";
import { digitalOcean } from "../../clients/digitalocean/index.ts";
import type { SizePrice } from "../../domain/cost/node-price.ts";
import { UserError } from "../../domain/errors.ts";
import { liveResources } from "../checkpoint.ts";
import { priced } from "../cost.ts";
import { accountToken, accountUrl } from "../engine.ts";
import { windlassHome } from "../own-root.ts";
import { rememberedPrices, rememberPrices, sizePrices } from "../price-list.ts";
import type { OperationOptions } from "../progress.ts";
import type { TargetOptions } from "../target.ts";
import { type Comparison, readPlanFile, readStateFile } from "./documents.ts";
import { ownProject, rootOf } from "./own-project.ts";
import { type CostReport, costReport } from "./report.ts";

export interface CostOptions extends TargetOptions, OperationOptions {
  /** What `pulumi preview --json` printed, instead of a preview. */
  plan?: string;
  /** What `pulumi stack export` printed, instead of a preview. */
  state?: string;
  /** Quantities of what depends on usage. */
  usage?: string;
  /** Prices of everything beside droplets. @default the catalog's */
  prices?: string;
  /** Reads the sizes and their prices from DigitalOcean first. */
  refresh?: boolean;
}

/**
 * What a stack of ours, any other Pulumi project, a saved plan or a saved state costs, and did before. Changes nothing.
 * Throws `UsageError` and `ConfigInvalid` for input that is wrong, `CommandFailed` for a program that cannot be previewed.
 */
export async function cost(options: CostOptions = {}): Promise<CostReport> {
  if (options.plan !== undefined && options.state !== undefined) {
    throw new UserError(
      "UsageError",
      { reason: "--plan and --state exclude each other", suggestion: "name one of them" },
      { exitCode: 2 },
    );
  }
  const home = windlassHome(options.home, ownProject(options) ? rootOf(options) : undefined);
  // A price file that is wrong is told before a preview is waited for.
  const sizes = options.refresh ? await refreshFromAccount(home) : rememberedPrices({ home, cloud: "digitalocean" });
  const prices = catalogPrices({ sizes, ...(options.prices ? { file: options.prices } : {}) });
  const { subject, ...comparison } = await comparisonOf(options);
  const usage = options.usage ? { usageFile: options.usage } : {};
  return costReport(comparison, { subject, prices, now: Date.now(), ...usage });
}

async function comparisonOf(options: CostOptions): Promise<Comparison & { subject: string }> {
  if (options.plan !== undefined) return { ...readPlanFile(options.plan), subject: options.plan };
  if (options.state !== undefined) return { ...readStateFile(options.state), subject: options.state };
  if (ownProject(options)) return ownStack(options);
  const { previewProject } = await import("./project.ts");
  const { stack, ...found } = await previewProject({ ...options, root: rootOf(options) });
  return { ...found, subject: stack ? `${rootOf(options)} (${stack})` : rootOf(options) };
}

/** Previews a stack of ours as `windlass preview` does, without its checks of account and budget. */
async function ownStack(options: CostOptions): Promise<Comparison & { subject: string }> {
  const [{ prepare }, { openStack, runEngine }] = await Promise.all([
    import("../prepare.ts"),
    import("../engine/stack.ts"),
  ]);
  const { target, deployment } = await prepare(options);
  const open = await openStack(target, "cost", options, { create: true });
  const { steps } = await runEngine(open, "preview");
  const after = steps.filter(({ action }) => action !== "delete" && action !== "read");
  return { before: priced(liveResources(deployment)), after, subject: `stack ${target.stack}` };
}

/** Reads the sizes of the account and keeps them, dated. Throws `PrecheckFailed` without a token. */
async function refreshFromAccount(home: string): Promise<SizePrice[]> {
  const token = accountToken("digitalocean", home);
  if (!token) {
    throw new UserError("PrecheckFailed", {
      reason: "prices are refreshed from DigitalOcean, and no token was found",
      suggestion: "export DIGITALOCEAN_TOKEN, or leave --refresh away to use the catalog's prices",
    });
  }
  const url = accountUrl("digitalocean", home);
  const rows = await digitalOcean({ token, ...(url ? { url } : {}) }).sizes();
  const asOf = new Date().toISOString();
  const sizes = sizePrices(rows).map((size) => ({ ...size, asOf }));
  rememberPrices({ home, cloud: "digitalocean" }, sizes);
  return sizes;
}
