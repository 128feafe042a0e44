/** Backups, restores and the drill, as functions over a stack. */
export { type BackupOptions, type BackupResult, backupFiles } from "./backup.ts";
export { type BackupSettings, type BackupStack, backupSettings, openBackupStack } from "./context.ts";
export { type CopyResult, copyBackups } from "./copies.ts";
export { type DrillOptions, type DrillPlan, type DrillResult, drill } from "./drill.ts";
export { type BackupEntry, listBackups } from "./list.ts";
export { type PruneOptions, type PruneResult, pruneBackups } from "./prune.ts";
export { type RestoreOptions, type RestoreResult, restoreFiles } from "./restore.ts";
export { type DueBackups, runDueBackups } from "./schedule.ts";
export { copyRootSnapshots, type SnapshotCopy } from "./snapshot-copies.ts";
export {
  type RestoredVolume,
  type RestoreVolumeOptions,
  restoreVolume,
  snapshotVolume,
  type VolumeSnapshot,
} from "./volume.ts";
