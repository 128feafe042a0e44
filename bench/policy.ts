import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { packConfig } from "../policy/settings.ts";
import { engineEnvironment, resolveTarget, up } from "../runner/index.ts";
import { testStack } from "../tests/stack.ts";
import { type Measurement, timeSideBySide } from "./measure.ts";

const ROOT = join(import.meta.dirname, "..");

/** What the policy pack adds to a preview, and what an update that changes nothing takes beside a preview. */
export default async function policy(progress: (line: string) => void): Promise<Measurement[]> {
  const windlass = join(ROOT, "windlass");
  const pulumi = join(ROOT, ".tools", "pulumi", "bin", "pulumi");
  progress("a stack without machines");
  const stack = await testStack({ actionScale: 0 });
  try {
    await up(stack.options);
    const { root, home } = stack;
    const cache = { NODE_COMPILE_CACHE: join(home, "compile-cache") };
    const exports = engineEnvironment(resolveTarget(stack.options));
    const env = { ...process.env, ...exports, ...cache, WINDLASS_HOME: home, WINDLASS_LOCAL_BACKEND: "none" };
    execFileSync(pulumi, ["stack", "select", "test"], { cwd: root, env, stdio: "ignore" });
    const settings = join(home, "policy.json");
    writeFileSync(settings, JSON.stringify(packConfig({ policies: { "monthly-budget": { maxMonthlyUsd: 9999 } } })));
    const preview = [pulumi, "preview", "--non-interactive", "--suppress-outputs"];
    progress("preview with and without the pack, in turn");
    const bare = timeSideBySide(
      { bare: preview, judged: [...preview, "--policy-pack", join(ROOT, "policy"), "--policy-pack-config", settings] },
      { cwd: root, env },
    );
    progress("an up that changes nothing beside a preview");
    const flags = ["--stack", "test", "--cloud", "local", "--cwd", root];
    const ours = timeSideBySide(
      { preview: [windlass, "preview", ...flags], up: [windlass, "up", "--yes", ...flags] },
      { cwd: root, env },
    );
    const [without, withPack] = [bare.bare as number, bare.judged as number];
    return [
      {
        what: "what the policy pack adds to pulumi preview",
        value: withPack - without,
        unit: "s",
        target: { atMost: 1.5 },
        beside: { what: "pulumi preview without it", value: without },
      },
      {
        what: "windlass up, nothing to change, judged",
        value: ours.up as number,
        unit: "s",
        target: { atMost: 4 },
        beside: { what: "windlass preview", value: ours.preview as number },
      },
    ];
  } finally {
    await stack.remove();
  }
}
