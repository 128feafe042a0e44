let running: string | undefined;

/** @param command as in `services up`, without what is given to it */
export function commandBegins(command: string): void {
  running = command;
}

/** The command that this process runs; undefined where it is a library. */
export function runningCommand(): string | undefined {
  return running;
}
