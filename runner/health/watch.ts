import { setTimeout } from "node:timers/promises";
import { environmentMetrics } from "../../clients/resilience/environment-metrics.ts";
import { breakers } from "../../clients/resilience/index.ts";
import { breakerMetrics } from "../../clients/resilience/metrics.ts";
import { redact } from "../../domain/redaction.ts";
import { publishBreakers } from "../breakers.ts";
import { windlassHome } from "../own-root.ts";
import { readEnvironment } from "../services/runs.ts";
import { resolveTarget } from "../target.ts";
import { type Alerting, type HealthLook, type HealthOptions, lookAtHealth } from "./look.ts";
import { healthMetrics } from "./metrics.ts";
import { type ListenAddress, serveHealth } from "./server.ts";
import { healthSettings } from "./settings.ts";

export interface WatchHealthOptions extends HealthOptions {
  /** Seconds between two looks. @default the health file's */
  everySeconds?: number;
  alerting: Alerting;
  /** Opens `/metrics` and `/health` there; the metrics are those of health, of the circuit breakers, and of how services came up. */
  listen?: ListenAddress;
  /** Told where the endpoint is. */
  onListening?: (url: string) => void;
  /** Written after each look, in Prometheus's text format; its name ends in `.prom`. */
  metricsFile?: string;
  /** Called after each look. */
  onLook?: (look: HealthLook) => void;
}

/**
 * Looks again and again until `signal`, and answers with the last look. The health file is read anew each time. Throws where the first look cannot be
 * made; a later one that cannot is in its `errors`, with the results of the one before.
 */
export async function watchHealth(options: WatchHealthOptions): Promise<HealthLook> {
  const { signal, onLook, alerting, listen, metricsFile, everySeconds, ...look } = options;
  const { root, home } = resolveTarget(options);
  let last: HealthLook | undefined;
  const moreMetrics = () => healthMetrics(last?.results ?? [], last?.alerts ?? []);
  const shown = publishBreakers(home, { metricsFile, moreMetrics });
  const metrics = async () => {
    const parts = [
      breakerMetrics(breakers.list()),
      moreMetrics(),
      environmentMetrics(readEnvironment(windlassHome(options.home))),
    ];
    return (await Promise.all(parts)).join("");
  };
  const server = listen ? await serveHealth(listen, { last: () => last, metrics }) : undefined;
  if (server) options.onListening?.(server.url);
  let everyMs = 0;
  try {
    for (;;) {
      try {
        everyMs = everySeconds ? everySeconds * 1000 : healthSettings({ root, file: options.file }).everyMs;
        last = await lookAtHealth({ ...look, ...(signal ? { signal } : {}) }, alerting);
      } catch (error) {
        if (signal?.aborted && last) return last;
        if (!last) throw error;
        last = { ...last, notices: [], errors: [redact(error instanceof Error ? error.message : String(error))] };
      }
      shown.update();
      onLook?.(last);
      await setTimeout(everyMs, undefined, signal ? { signal } : {}).catch(() => undefined);
      if (signal?.aborted) return last;
    }
  } finally {
    await server?.close();
    await shown.end();
  }
}
