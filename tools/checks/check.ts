/** One thing `make verify` looks at. */
export interface Check {
  name: string;
  /** Answers with what is wrong, a line or more for each finding; empty when all is well. Changes nothing. */
  run(root: string): Promise<string[]>;
}
