import type { ChildProcess } from "node:child_process";

/** The programs and plugins running now, so that none survives a cancelled update or a dead engine. */
export class ChildSet {
  readonly #running = new Set<ChildProcess>();
  #cancelled = false;

  /** True once the engine has asked to stop: an exit that follows is not an error of the program. */
  get cancelled(): boolean {
    return this.#cancelled;
  }

  add(child: ChildProcess): void {
    this.#running.add(child);
    child.once("close", () => this.#running.delete(child));
    child.once("error", () => this.#running.delete(child));
  }

  /** Asks every child to stop; those still there after `graceMs` are killed. */
  cancel(graceMs: number): void {
    this.#cancelled = true;
    this.kill("SIGTERM");
    setTimeout(() => this.kill("SIGKILL"), graceMs).unref();
  }

  kill(signal: NodeJS.Signals): void {
    for (const child of this.#running) child.kill(signal);
  }
}
