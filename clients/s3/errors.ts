import { UserError } from "../../domain/errors.ts";
import { redact } from "../../domain/redaction.ts";
import { CircuitOpenError, type Judgement } from "../resilience/index.ts";

/** Why the storage could not be used; scripts may rely on these. */
export type StorageFailure = "unreachable" | "no-bucket" | "wrong-key" | "missing" | "damaged" | "full" | "failed";

/** Where a bucket is. */
export interface BucketAddress {
  endpoint: string;
  bucket: string;
}

const SUGGESTIONS: Record<StorageFailure, string> = {
  unreachable: "check windlass:backupEndpoint and your network, and run it again: what has arrived is not sent again",
  "no-bucket": "make the bucket, or correct windlass:backupBucket",
  "wrong-key":
    "check SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY (or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)",
  missing: "look at what there is: windlass backup list",
  damaged: "use another backup, or the copy: windlass restore --from-copy",
  full: "make room: windlass backup prune --fix",
  failed: "run it again: what has arrived is not sent again",
};

/** `StorageFailed` with kind, endpoint and bucket. */
export function storageFailed(to: BucketAddress, kind: StorageFailure, reason: string, cause?: unknown): UserError {
  const details = {
    kind,
    endpoint: to.endpoint,
    bucket: to.bucket,
    reason: redact(`s3://${to.bucket} at ${to.endpoint}: ${reason}`),
    suggestion: SUGGESTIONS[kind],
  };
  return new UserError("StorageFailed", details, { cause });
}

interface SdkError extends Error {
  code?: string;
  $metadata?: { httpStatusCode?: number };
  errors?: { code?: string }[];
}

const NETWORK = /^(ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EHOST|ENET|EPIPE|TimeoutError|CERT_|ERR_TLS|DEPTH_ZERO|UNABLE_TO)/;
const KEYS = [
  "InvalidAccessKeyId",
  "SignatureDoesNotMatch",
  "AccessDenied",
  "Forbidden",
  "InvalidToken",
  "ExpiredToken",
  // Versity's gateway, of an access key that it does not know.
  "XAdminUserNotFound",
];

/** Whether an object is not there. A missing bucket is something else. */
export function isMissing(error: unknown): boolean {
  const { name, $metadata } = error as SdkError;
  if (name === "NoSuchBucket") return false;
  return name === "NoSuchKey" || name === "NotFound" || $metadata?.httpStatusCode === 404;
}

/** Answers of S3 that pass: it is busy, the connection was too slow, or the clocks differed and the SDK has now set its own. */
const PASSING = ["SlowDown", "RequestTimeout", "RequestTimeTooSkewed"];

/** What an error of a try means. */
export function judge(error: unknown): Judgement {
  const { name, $metadata } = error as SdkError;
  const status = $metadata?.httpStatusCode;
  const broken = status !== undefined && status >= 500 && status !== 501 && status !== 507;
  const down = networkWord(error as SdkError) !== undefined || (broken && name !== "SlowDown");
  return { retry: down || status === 429 || PASSING.includes(name), failure: down };
}

/** What the network had against it, in its own word; undefined where the storage answered. */
function networkWord({ code, name, errors }: SdkError): string | undefined {
  return [code, name, ...(errors ?? []).map((inner) => inner.code)].find((word) => NETWORK.test(word ?? ""));
}

/** An error of the SDK in plain words; errors that are ours pass as they are. */
export function classify(to: BucketAddress, error: unknown): unknown {
  if (error instanceof UserError) return error;
  if (error instanceof CircuitOpenError) return storageFailed(to, "unreachable", error.message, error);
  const { name, message, $metadata } = error as SdkError;
  const network = networkWord(error as SdkError);
  if (network) return storageFailed(to, "unreachable", `the storage cannot be reached (${network})`, error);
  if (name === "NoSuchBucket") return storageFailed(to, "no-bucket", "there is no such bucket", error);
  if (KEYS.includes(name) || $metadata?.httpStatusCode === 403 || $metadata?.httpStatusCode === 401)
    return storageFailed(to, "wrong-key", "the storage refuses the key", error);
  if (name === "QuotaExceeded" || $metadata?.httpStatusCode === 507)
    return storageFailed(to, "full", "the storage is full", error);
  if ($metadata === undefined && name !== "AbortError") return error;
  if (isMissing(error)) return storageFailed(to, "missing", "there is no such object", error);
  return storageFailed(to, "failed", message || name, error);
}
