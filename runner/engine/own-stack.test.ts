import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { UserError } from "../../domain/errors.ts";
import type { Target } from "../target.ts";
import { runOwnStack } from "./own-stack.ts";
import { ownTarget } from "./own-target.ts";
import type { EngineOperation } from "./stack.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "windlass-own-stack-"));
});
afterEach(() => rmSync(home, { recursive: true }));

/** A stack that another machine is updating, or was. */
function lockedStack(stack: string): Target {
  const place = { root: join(home, "shop"), home, project: "shop", stack, backend: `file://${home}` };
  const locks = join(home, ".pulumi", "locks", "organization", "shop", stack);
  mkdirSync(locks, { recursive: true });
  const lock = { pid: 1, username: "me", hostname: "elsewhere.invalid", timestamp: "2026-11-21T10:00:00Z" };
  writeFileSync(join(locks, "1.json"), JSON.stringify(lock));
  return ownTarget(place, {});
}

test.each<[commands: string, operation: EngineOperation, again: string]>([
  ["services", "preview", "windlass services up shop"],
  ["services", "up", "windlass services up shop"],
  ["services", "destroy", "windlass services down shop"],
  ["tunnel", "destroy", "windlass tunnel down shop"],
])(
  "%s: an error of %s tells the command to run again, and the plugin is closed",
  async (commands, operation, again) => {
    const close = vi.fn();
    const run = {
      operation,
      args: {},
      commands,
      servePlugin: async () => ({ environment: {}, close }),
      loadProgram: async () => undefined,
    };
    const error: unknown = await runOwnStack(lockedStack(commands), run, {}).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).toJSON()).toMatchObject({
      error: "StackLocked",
      details: { host: "elsewhere.invalid", suggestion: `mend it, then run: ${again}` },
    });
    expect(close).toHaveBeenCalledOnce();
  },
);
