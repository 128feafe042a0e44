import type { SshConnection } from "../../clients/ssh/connection.ts";
import { cloudClock } from "../clock.ts";
import type { NodeStack } from "../lifecycle/node-stack.ts";
import { withNode } from "../node.ts";
import { stackConfig } from "../prepare.ts";
import type { OperationOptions } from "../progress.ts";
import { resolveTarget, type TargetOptions } from "../target.ts";

/** What backups need of a stack; the stack of the node's operations is one. */
export type BackupStack = Pick<NodeStack, "owner" | "config" | "cloud" | "clock" | "ssh">;

/** What concerns the storage alone: it can be asked for without a cloud, a state or a node. */
export type BackupSettings = Pick<BackupStack, "owner" | "config">;

/** Reads files only. */
export function backupSettings(options: TargetOptions): BackupSettings {
  const target = resolveTarget(options);
  const config = stackConfig(target);
  return { config, owner: { project: config.project, stack: target.stack, node: config.nodeName } };
}

/** The stack without the engine: backups change nothing that is declared. Throws `LocalCloudFailed` and `PrecheckFailed` where the cloud cannot be asked. */
export async function openBackupStack(options: TargetOptions & OperationOptions): Promise<BackupStack> {
  const target = resolveTarget(options);
  const { openCloud } = await import("../cloud.ts");
  const cloud = await openCloud(target, options);
  const ssh = <T>(work: (connection: SshConnection) => Promise<T>) =>
    withNode(options, (connection) => work(connection));
  return { ...backupSettings(options), cloud, clock: cloudClock(target), ssh };
}
