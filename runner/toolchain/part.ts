/** One thing that must be on the machine before Windlass can do its work: found by `check`, brought by `install`. */
export interface Part {
  /** As `windlass doctor` and `--only` name it. */
  name: string;
  /** Looks only: changes nothing, and answers within a second or two. */
  check(): Promise<PartState>;
  /**
   * Brings it, pinned; safe to repeat and to kill at any point. Throws a `UserError` (`ToolMissing`) that says what to
   * do by hand. Left out where only the user can help.
   */
  install?(progress: (line: string) => void): Promise<void>;
}

export interface PartState {
  ok: boolean;
  /** What is there: version and place, or what is wrong with it. */
  found?: string;
  /** What to do about it when it is not ok; empty when it is. */
  fix: string;
}

/** What happens to one part, as it happens; `seconds` is how long the step took. */
export type PartEvent =
  | { kind: "found"; part: string; found: string }
  | { kind: "missing"; part: string; found?: string; fix: string }
  | { kind: "installing"; part: string }
  | { kind: "line"; part: string; text: string }
  | { kind: "installed"; part: string; found: string; seconds: number };
