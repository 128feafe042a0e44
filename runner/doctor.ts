import type { OnEvent } from "./progress.ts";

export interface DoctorReport {
  /** Whether everything is there. */
  ok: boolean;
  parts: { name: string; ok: boolean; found?: string; fix: string }[];
}

/** Looks for every part of the toolchain; with `install`, brings what is missing. Throws `ToolMissing` when that does not work. */
export async function doctor(options: { install?: boolean; onEvent?: OnEvent } = {}): Promise<DoctorReport> {
  const { parts } = await import("./toolchain/parts.ts");
  const reports = [];
  for (const part of parts) {
    let state = await part.check();
    if (!state.ok && options.install && part.install) {
      options.onEvent?.({ kind: "phase", text: `installing ${part.name}` });
      await part.install((text) => options.onEvent?.({ kind: "line", resource: part.name, text }));
      state = await part.check();
    }
    reports.push({ name: part.name, ...state });
  }
  return { ok: reports.every(({ ok }) => ok), parts: reports };
}
