import { type Alert, type AlertNews, type AlertRule, judged, step } from "../../domain/health/alert.ts";
import { matcher } from "../../domain/pattern.ts";
import { formatDuration } from "../../domain/units.ts";
import { type Channels, type Delivery, type NotifyOptions, notify } from "../notices.ts";
import type { Checked } from "./check.ts";
import type { HealthHistory } from "./history.ts";

export interface Judging {
  rules: readonly AlertRule[];
  history: HealthHistory;
  channels: Channels;
  /** Milliseconds since 1970. */
  now: number;
  notify?: NotifyOptions;
}

export interface Alerts {
  /** Those that stand, and those that are over by this look. */
  alerts: Alert[];
  /** What was sent to whom. */
  notices: (Delivery & { title: string })[];
}

interface News extends Alert {
  news: AlertNews;
}

/**
 * Judges results by rules, and tells people what is new in one notice. The state of each alert is in the history: however many processes look, one of them
 * tells. Where no channel takes the notice that something is wrong, the next look tries again; where there is none, the alert counts as told.
 */
export async function judgeAlerts(checked: readonly Checked[], judging: Judging): Promise<Alerts> {
  const { history, channels, now } = judging;
  const seen = history.transaction(() => lookAt(checked, judging));
  const news = seen.filter((alert): alert is News => "news" in alert);
  const alerts = seen.map(({ news: _, ...alert }: Alert & { news?: AlertNews }) => alert);
  if (news.length === 0) return { alerts, notices: [] };
  const notice = noticeOf(news, now);
  const deliveries = await notify(channels, notice, judging.notify);
  const told = deliveries.length === 0 || deliveries.some(({ delivered }) => delivered);
  history.transaction(() => {
    for (const { phase, ...alert } of news) if (told || phase === "resolved") history.tell(now, alert);
    for (const { rule, service } of news) release(history, rule, service, told, now);
  });
  return { alerts, notices: deliveries.map((delivery) => ({ ...delivery, title: notice.title })) };
}

function lookAt(checked: readonly Checked[], { rules, history, now }: Judging): (Alert | News)[] {
  return checked.flatMap(({ target, result }) => {
    const { service } = result;
    return rules
      .filter(({ targets }) => targets.some((pattern) => matcher(pattern)(service) || matcher(pattern)(target.name)))
      .flatMap((rule) => {
        const before = history.alertState(rule.name, service);
        const { held, reason } = judged(rule, result);
        const { state, news } = step(rule, before, held, now);
        history.setAlertState(rule.name, service, state, now);
        const since = (state ?? before)?.since;
        if (since === undefined || (!state && !news)) return [];
        const phase = state?.phase ?? ("resolved" as const);
        const alert: Alert = {
          rule: rule.name,
          service,
          severity: rule.severity,
          phase,
          since: new Date(since).toISOString(),
          reason,
        };
        return [news ? { ...alert, news } : alert];
      });
  });
}

/** Notes that people were told, or that they still have to be. */
function release(history: HealthHistory, rule: string, service: string, told: boolean, now: number): void {
  const state = history.alertState(rule, service);
  if (!state) return;
  const { claimedUntil: _, ...rest } = state;
  history.setAlertState(rule, service, told ? { ...rest, toldAt: now } : rest, now);
}

function noticeOf(news: readonly News[], now: number): { title: string; text: string } {
  const lines = news.map(({ rule, service, severity, news: word, since, reason }) => {
    const lasted = formatDuration(Math.max(0, now - Date.parse(since)));
    return word === "resolved"
      ? `resolved after ${lasted}: ${service}: ${rule}`
      : `${severity}: ${service}: ${rule}: ${reason} (${word === "firing" ? "for" : "still, for"} ${lasted})`;
  });
  const [first, ...more] = news;
  const word = first?.news === "resolved" ? "is well again" : first?.rule;
  const others = more.length > 0 ? ` and ${more.length} more` : "";
  return { title: `${first?.service}: ${word}${others}`, text: lines.join("\n") };
}
