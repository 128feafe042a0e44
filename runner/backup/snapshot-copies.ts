import { type Action, ApiError, type Snapshot } from "../../clients/digitalocean/index.ts";
import { UserError } from "../../domain/errors.ts";
import { nodeTag, ownershipTags, stackTag } from "../../domain/tags.ts";
import type { OperationOptions } from "../progress.ts";
import type { BackupStack } from "./context.ts";

/** A root disk's snapshot that was sent to another region. */
export interface SnapshotCopy {
  snapshot: string;
  name: string;
  region: string;
}

/** Seconds between two looks at a transfer, and the longest it may take: hours for a large disk. */
const LOOK_SECONDS = 30;
const LONGEST_SECONDS = 12 * 3600;

/**
 * Copies the node's newest root-disk snapshot to each of the configured regions that lacks it; where all have it, nothing happens. Run again
 * after a stop it finds the transfer under way. Throws `CommandFailed` where a transfer fails.
 */
export async function copyRootSnapshots(
  stack: BackupStack,
  options: OperationOptions & {
    /** Whether to wait until the copies are there; a large disk takes hours. @default true */
    wait?: boolean;
  } = {},
): Promise<SnapshotCopy[]> {
  const { config } = stack;
  if (config.snapshotCopyRegions.length === 0) return [];
  const newest = (await rootSnapshots(stack)).at(-1);
  if (!newest) return [];
  const made: SnapshotCopy[] = [];
  for (const region of config.snapshotCopyRegions.filter((region) => !newest.regions.includes(region))) {
    options.onEvent?.({ kind: "phase", text: `copying snapshot ${newest.name} to ${region}` });
    const begun = await begin(stack, newest, region);
    if (options.wait ?? true) await arrival(stack, newest, region, { begun, signal: options.signal });
    else if (begun === undefined) continue;
    made.push({ snapshot: newest.id, name: newest.name, region });
  }
  return made;
}

/** Of this stack's node, oldest first. */
async function rootSnapshots({ cloud, owner }: BackupStack): Promise<Snapshot[]> {
  const needed = [
    ...ownershipTags({ project: owner.project, stack: owner.stack }),
    stackTag(owner.stack),
    nodeTag(owner.node),
  ];
  const all = await cloud.snapshots("droplet");
  return all
    .filter(({ tags }) => needed.every((tag) => tags?.includes(tag)))
    .sort((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at));
}

/** The action; undefined where no answer came, or it was refused because a transfer runs already: a look tells. */
function begin({ cloud }: BackupStack, { id }: Snapshot, region: string): Promise<Action | undefined> {
  return cloud.transferImage(Number(id), region).catch((error: unknown) => {
    if (error instanceof ApiError && (error.status === 0 || error.status === 422 || error.status >= 500))
      return undefined;
    throw error;
  });
}

async function arrival(
  { cloud, clock }: BackupStack,
  { id, name }: Snapshot,
  region: string,
  { begun, signal }: { begun: Action | undefined; signal: AbortSignal | undefined },
): Promise<void> {
  for (let waited = 0; waited <= LONGEST_SECONDS; waited += LOOK_SECONDS) {
    if ((await cloud.snapshot(id)).regions.includes(region)) return;
    if (begun && (await cloud.action(begun.id)).status === "errored") throw failed(name, region, "the transfer failed");
    await clock.sleep(LOOK_SECONDS * 1000, signal);
  }
  throw failed(name, region, `it is not there after ${LONGEST_SECONDS / 3600} hours`);
}

function failed(name: string, region: string, why: string): UserError {
  return new UserError("CommandFailed", {
    reason: `snapshot ${name} was not copied to ${region}: ${why}`,
    suggestion: "run it again, or check that the region is open to your account",
  });
}
