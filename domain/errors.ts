/**
 * What went wrong where the user can do something about it. Everything else is a bug and may crash with its stack.
 * The JSON form is the error contract of every command: `{"error": code, "details": {..., "reason", "suggestion"}}`.
 */
export class UserError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  /** The process exit code that goes with it: 1 failed, 2 wrong usage, 3 refused by policy or budget, 4 partly done. */
  readonly exitCode: 1 | 2 | 3 | 4;

  constructor(code: ErrorCode, details: ErrorDetails, options: { exitCode?: 1 | 2 | 3 | 4; cause?: unknown } = {}) {
    super(details.suggestion ? `${details.reason}; ${details.suggestion}` : details.reason, { cause: options.cause });
    this.name = code;
    this.code = code;
    this.details = details;
    this.exitCode = options.exitCode ?? 1;
  }

  toJSON(): { error: string; details: ErrorDetails } {
    return { error: this.code, details: this.details };
  }
}

/** Codes scripts may rely on. */
export type ErrorCode =
  | "ProvisionFailed"
  | "VolumeAttachFailed"
  | "SSHConnectionFailed"
  | "HealthCheckFailed"
  | "BootstrapFailed"
  | "ConfigInvalid"
  | "PrecheckFailed"
  | "BudgetExceeded"
  | "PolicyViolation"
  | "StackLocked"
  | "RecoveryNeeded"
  | "ToolMissing"
  | "LocalCloudFailed"
  | "CommandFailed"
  | "StopFailed"
  | "ResumeFailed"
  | "TransferFailed"
  | "StorageFailed"
  | "UsageError"
  | "NotFound"
  | "Cancelled";

/** What a machine reads: the reason in the user's words, what to do next, and the things it is about. */
export interface ErrorDetails {
  reason: string;
  suggestion?: string;
  [key: string]: unknown;
}
