import { UserError } from "../../domain/errors.ts";
import { liveResources, nameOfUrn, readCheckpoint } from "../checkpoint.ts";
import type { Changes } from "../engine/events.ts";
import { windlassHome } from "../own-root.ts";
import type { OperationOptions } from "../progress.ts";
import { type Addressed, addressed } from "./address.ts";
import { changesOf, kindOf, VOLUME } from "./changes.ts";
import { requireRecord, servicesTarget } from "./record.ts";

export interface ServicesDownOptions extends Addressed, OperationOptions {
  dryRun?: boolean;
  /** Shown what goes and what stays; answer false to leave it. */
  confirm?: (plan: ServicesDownPlan) => Promise<boolean>;
}

export interface ServicesDownPlan {
  project: string;
  host: string;
  /** Containers and networks. */
  removes: { kind: string; name: string }[];
  /** Volumes and images: they stay on the engine. */
  keeps: { kind: string; name: string }[];
}

export interface ServicesDownResult extends ServicesDownPlan {
  changes: Changes;
}

const IMAGE = "docker:index/remoteImage:RemoteImage";

/** Removes the containers and networks of a project. Volumes stay with their data, and the next `up` uses them again. Throws as `up` does. */
export async function servicesDown(options: ServicesDownOptions): Promise<ServicesDownResult> {
  const home = windlassHome(options.home);
  const { project } = await addressed(options);
  const record = requireRecord(home, project);
  const target = servicesTarget(home, record);
  const resources = liveResources(readCheckpoint(target)).filter(
    ({ custom, type }) => custom && type.startsWith("docker:"),
  );
  const named = (wanted: (type: string) => boolean) =>
    resources
      .filter(({ type }) => wanted(type))
      .map(({ type, inputs, urn }) => ({
        kind: kindOf(type),
        name: typeof inputs?.name === "string" ? inputs.name : nameOfUrn(urn),
      }));
  const stays = (type: string) => type === VOLUME || type === IMAGE;
  const plan = {
    project,
    host: record.host,
    removes: named((type) => !stays(type)),
    keeps: named(stays),
  };
  const nothing: Changes = { create: 0, update: 0, replace: 0, delete: 0, same: 0 };
  if (options.dryRun || plan.removes.length === 0) return { ...plan, changes: nothing };
  if (options.confirm && !(await options.confirm(plan)))
    throw new UserError("Cancelled", { reason: "not confirmed; nothing was removed" });
  const { runServices } = await import("./engine.ts");
  const report = await runServices(target, "destroy", { excludeProtected: true }, options);
  return { ...plan, changes: changesOf(report).changes };
}
