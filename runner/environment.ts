import { engineEnvironment } from "./engine.ts";
import type { OnEvent } from "./progress.ts";
import { resolveTarget, type TargetOptions } from "./target.ts";

/**
 * What a plain `pulumi` needs in its environment here to work on the same state as Windlass does; the local cloud is started when it does
 * not run. `--stack` of `pulumi` chooses among stacks of the same cloud.
 */
export async function environment(
  options: TargetOptions & { onEvent?: OnEvent } = {},
): Promise<Record<string, string>> {
  const target = resolveTarget(options);
  if (target.cloud === "local") {
    const { installBundledPlugins, startLocalCloud } = await import("./local-cloud.ts");
    await installBundledPlugins(target.home);
    await startLocalCloud({ home: target.home, ...(options.onEvent ? { onEvent: options.onEvent } : {}) });
  }
  return engineEnvironment(target);
}

/** Shell lines for `eval`. */
export function exportLines(variables: Record<string, string>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`)
    .join("");
}
