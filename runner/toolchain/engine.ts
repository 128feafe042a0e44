/** The engine that is built when there is none and none can be downloaded; any newer 3.x on PATH does as well. */
export const engineVersion = "3.259.0";

/** Where an engine was put in the cache, and whether it is the official one, with its own language hosts. */
export interface Engine {
  bin: string;
  official: boolean;
}

/** Whether an engine of this version (as `pulumi version` prints it) can be used: >= 3.259.0 and < 4. */
export function engineFits(version: string): boolean {
  const numbers = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  if (!numbers) return false;
  const [major = 0, minor = 0] = numbers;
  const [wantedMajor = 0, wantedMinor = 0] = engineVersion.split(".").map(Number);
  return major === wantedMajor && minor >= wantedMinor;
}
