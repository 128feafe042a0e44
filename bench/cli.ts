import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { engineEnvironment, resolveTarget, status, up } from "../runner/index.ts";
import { testStack } from "../tests/stack.ts";
import { type Measurement, timeCommand, timeSideBySide } from "./measure.ts";

const ROOT = join(import.meta.dirname, "..");

/** What waiting at the command line costs: help, status, and an update that changes nothing, beside the bare engine. */
export default async function cli(progress: (line: string) => void): Promise<Measurement[]> {
  const windlass = join(ROOT, "windlass");
  const pulumi = join(ROOT, ".tools", "pulumi", "bin", "pulumi");
  progress("help, beside the engine's own");
  const help = timeSideBySide({ windlass: [windlass, "--help"], pulumi: [pulumi, "--help"] }, { runs: 11 });
  progress("a stack without machines");
  const stack = await testStack({ actionScale: 0 });
  try {
    await up(stack.options);
    await status(stack.options);
    const { root, home } = stack;
    const flags = ["--stack", "test", "--cloud", "local", "--cwd", root];
    const env = { ...process.env, WINDLASS_HOME: home, WINDLASS_LOCAL_BACKEND: "none" };
    progress("status");
    const statusSeconds = timeCommand(windlass, ["status", ...flags], { env });
    progress("an up that changes nothing, beside the bare engine's");
    const bare = { ...env, ...engineEnvironment(resolveTarget(stack.options)) };
    execFileSync(pulumi, ["stack", "select", "test"], { cwd: root, env: bare, stdio: "ignore" });
    const unchanged = timeSideBySide(
      {
        windlass: [windlass, "up", "--yes", ...flags],
        pulumi: [pulumi, "up", "--yes", "--skip-preview", "--non-interactive"],
      },
      { cwd: root, env: bare },
    );
    return [
      {
        what: "windlass --help",
        value: help.windlass as number,
        unit: "s",
        target: { atMost: 0.08 },
        beside: { what: "pulumi --help", value: help.pulumi as number },
      },
      { what: "windlass status", value: statusSeconds, unit: "s", target: { atMost: 0.3 } },
      {
        what: "windlass up, nothing to change",
        value: unchanged.windlass as number,
        unit: "s",
        target: { atMost: 4 },
        beside: { what: "pulumi up", value: unchanged.pulumi as number },
      },
    ];
  } finally {
    await stack.remove();
  }
}
