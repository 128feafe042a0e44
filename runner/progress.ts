/** What a running operation tells, as it happens. Printing is the caller's business. */
export type ProgressEvent =
  | { kind: "phase"; text: string }
  | { kind: "note"; level: "info" | "warning"; text: string }
  | { kind: "check"; check: Check }
  | ResourceEvent
  /** What a running resource waits for; the next one takes its place. */
  | { kind: "waiting"; urn: string; text: string }
  /** A line that a resource (a bootstrap step, say), a plugin or the program wrote. */
  | { kind: "line"; resource: string | undefined; text: string };

export interface ResourceEvent {
  kind: "resource";
  state: "started" | "finished" | "failed";
  action: Action;
  urn: string;
  /** Pulumi's type token, such as `digitalocean:index/droplet:Droplet`. */
  type: string;
  name: string;
  /** Seconds it took; on finished and failed. */
  seconds?: number;
  /** Inputs that differ, on an update or a replacement. */
  changed?: string[];
}

/** What the engine does to a resource; `replace` stands for its three steps, `pull` is an image's. */
export type Action = "create" | "update" | "replace" | "delete" | "read" | "import" | "refresh" | "pull" | "same";

/** One thing that was looked at before anything is made. */
export interface Check {
  name: string;
  state: "ok" | "failed" | "skipped";
  /** What was found, in one line. */
  text: string;
  /** What to do about it. */
  fix?: string;
}

export type OnEvent = (event: ProgressEvent) => void;

/** Options of every operation that may run for long. */
export interface OperationOptions {
  onEvent?: OnEvent;
  /** Asks for a graceful stop: what is in flight is finished and saved. */
  signal?: AbortSignal;
  /** Stops at once, after `signal`; what was in flight is found again by `recover`. */
  killSignal?: AbortSignal;
}
