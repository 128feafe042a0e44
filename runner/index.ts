/**
 * The runner as a library: every operation of the command line as a typed function, for pipelines and programs. Results and errors are data
 * (`UserError` with `code`, `details` and `exitCode`), progress comes as events, an `AbortSignal` stops. Nothing here prints or exits.
 */
export { type BreakerStatus, breakers } from "../clients/resilience/index.ts";
export { UserError } from "../domain/errors.ts";
export type { CircuitBreakerResult, HealthResult } from "../domain/health/result.ts";
export type { ProvisionResult } from "../domain/provision-result.ts";
export { type LogRecord, logRecord } from "../domain/services/log-record.ts";
export {
  type BackupResult,
  backupFiles,
  type DrillResult,
  drill,
  listBackups,
  openBackupStack,
  pruneBackups,
  type RestoreResult,
  restoreFiles,
  restoreVolume,
  runDueBackups,
  snapshotVolume,
} from "./backup/index.ts";
export { publishBreakers, readBreakers, requestReset } from "./breakers.ts";
export { type BudgetSource, budgetRefusal } from "./budget.ts";
export {
  type ConfirmResult,
  confirmBudget,
  type EnforceOptions,
  type EnforceResult,
  enforceBudget,
} from "./budget-enforce.ts";
export { type BudgetReport, type BudgetShown, budgetReport } from "./budget-report.ts";
export { type ConfigShown, exportConfig, importConfig, setConfig, showConfig } from "./config.ts";
export type { CostEstimate, CostLine } from "./cost.ts";
export { type DevcontainerOptions, type DevcontainerResult, writeDevcontainer } from "./devcontainer.ts";
export { type DownOptions, type DownPlan, type DownResult, down, type KeptVolume } from "./down.ts";
export type { Changes } from "./engine/events.ts";
export { engineEnvironment } from "./engine.ts";
export { environment, exportLines } from "./environment.ts";
export {
  type HealthLook,
  type HealthOptions,
  health,
  healthError,
  lookAtHealth,
  type WatchHealthOptions,
  watchHealth,
} from "./health/index.ts";
export { type HoldOptions, type HoldResult, holdNode, type ReleaseResult, releaseNode } from "./lifecycle/hold.ts";
export { openNodeStack } from "./lifecycle/open-node-stack.ts";
export { type NodeRecovery, recoverNode } from "./lifecycle/recover-node.ts";
export { type ResumeNodeOptions, type ResumePlan, type ResumeResult, resumeNode } from "./lifecycle/resume.ts";
export { type StillBilled, type StopNodeOptions, type StopPlan, type StopResult, stopNode } from "./lifecycle/stop.ts";
export {
  type AbandonedCloud,
  buildDropletImages,
  control as localCloudControl,
  type LocalCloudStatus,
  localCloudStatus,
  type PruneOptions,
  pruneLocalClouds,
  resetLocalCloud,
  type StartOptions,
  startLocalCloud,
  stopLocalCloud,
} from "./local-cloud.ts";
export { type MaintenanceOptions, type MaintenanceResult, maintain } from "./maintenance/maintain.ts";
export { type ExecResult, type NodeOptions, nodeExec, nodeGet, nodePut, nodeShell, nodeSsh } from "./node.ts";
export { type Plan, type PreviewOptions, type PreviewResult, preview, previewAny, type Violation } from "./preview.ts";
export { type ActualOptions, type ActualReport, actualCost } from "./pricing/actual.ts";
export { type AdviceOptions, type CostAdvice, costAdvice } from "./pricing/advice.ts";
export { costForecast, type ForecastReport } from "./pricing/cost-forecast.ts";
export { type CostOptions, cost } from "./pricing/index.ts";
export type { CostReport } from "./pricing/report.ts";
export type { Check, OperationOptions, ProgressEvent } from "./progress.ts";
export { type RecoverOptions, type RecoverResult, recover } from "./recover.ts";
export { type DriftedResource, type RefreshResult, refresh } from "./refresh.ts";
export { type CollectOptions, type CollectResult, collect } from "./retention/collect.ts";
export { type ExpireOptions, type ExpireResult, expireNode } from "./retention/expire.ts";
export { type SweepOptions, type SweepReport, sweep } from "./retention/sweep.ts";
export { listRunbooks, type Runbook } from "./runbooks/catalog.ts";
export { type RunbookOptions, type RunbookResult, type RunbookStep, runRunbook } from "./runbooks/run.ts";
export { type ServicesDownOptions, type ServicesDownResult, servicesDown } from "./services/down.ts";
export type { ServiceGpus } from "./services/gpus.ts";
export { type ServiceLine, type ServicesLogsOptions, servicesLogs } from "./services/logs.ts";
export type { MovedPort } from "./services/ports.ts";
export { type ServiceState, type ServicesPsResult, servicesPs } from "./services/ps.ts";
export { type ServicesPullOptions, type ServicesPullResult, servicesPull } from "./services/pull.ts";
export { type ServicesRestartOptions, type ServicesRestartResult, servicesRestart } from "./services/restart.ts";
export { type ReadSettings, readSettings, type ServicesSettings, type ShownSetting } from "./services/settings.ts";
export { type ServicesUpOptions, type ServicesUpResult, servicesUp } from "./services/up.ts";
export {
  type Alternative,
  type SimulatedPrice,
  type SimulateOptions,
  type SimulateResult,
  simulate,
} from "./simulate.ts";
export { type NodeStatus, type StatusResult, status } from "./status.ts";
export { type CloudName, resolveTarget, type Target, type TargetOptions } from "./target.ts";
export { type TunnelDownOptions, type TunnelDownResult, tunnelDown } from "./tunnel/down.ts";
export { checkTunnel, type TunnelCheck } from "./tunnel/file.ts";
export { showTunnel, type TunnelShown } from "./tunnel/show.ts";
export { type RotateResult, rotateTunnelToken, tunnelToken } from "./tunnel/token.ts";
export { type TunnelUpOptions, type TunnelUpResult, tunnelUp } from "./tunnel/up.ts";
export { type UpOptions, type UpResult, up } from "./up.ts";
export { auditLog } from "./watch/audit.ts";
export type { PassResult } from "./watch/result.ts";
export { type WatchOptions, watch } from "./watch/watch.ts";
