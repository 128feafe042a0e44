import { sendMail } from "../clients/mail/smtp.ts";
import { postToSlack } from "../clients/slack/webhook.ts";
import { redact } from "../domain/redaction.ts";
import type { StackConfig } from "../stacks/config.ts";
import { configuredSecret } from "./cloud.ts";
import type { Target } from "./target.ts";

/** Where notices go; none where neither address is there. */
export interface Channels {
  /** Slack webhook; a secret. */
  slackUrl?: string;
  /** Mail server; a secret. */
  smtpUrl?: string;
  /** Certificate authority of the mail server in PEM form, beside those of the system. */
  smtpCa?: string;
  emailFrom: string;
  emailTo: readonly string[];
}

/** What became of a notice on one channel. */
export interface Delivery {
  channel: "slack" | "mail";
  delivered: boolean;
  /** Why not; without secrets. */
  reason?: string;
}

export interface NotifyOptions {
  signal?: AbortSignal;
  /** Seconds for one try. @default 10 for Slack, 20 for mail */
  timeoutSeconds?: number;
  /** Milliseconds before each further try. @default 2, 4 and 8 s, and a little at random */
  retryDelaysMs?: readonly number[];
}

/**
 * The channels of a stack: WINDLASS_SLACK_WEBHOOK_URL and WINDLASS_SMTP_URL, else the config's windlass:slackWebhookUrl and
 * windlass:smtpUrl, which may be encrypted.
 */
export async function noticeChannels(target: Target, config: StackConfig): Promise<Channels> {
  const { WINDLASS_SLACK_WEBHOOK_URL, WINDLASS_SMTP_URL } = process.env;
  const slackUrl =
    WINDLASS_SLACK_WEBHOOK_URL ||
    config.slackWebhookUrl ||
    (await configuredSecret(target, "windlass:slackWebhookUrl"));
  const smtpUrl = WINDLASS_SMTP_URL || config.smtpUrl || (await configuredSecret(target, "windlass:smtpUrl"));
  return {
    ...(slackUrl ? { slackUrl } : {}),
    ...(smtpUrl ? { smtpUrl } : {}),
    emailFrom: config.emailFrom,
    emailTo: config.emailTo,
  };
}

/** Sends to every channel side by side. A channel that fails is in the answer and keeps no other from its notice; never throws. */
export function notify(
  channels: Channels,
  notice: { title: string; text: string },
  options: NotifyOptions = {},
): Promise<Delivery[]> {
  const { slackUrl, smtpUrl, smtpCa, emailFrom, emailTo } = channels;
  const sending: Promise<Delivery>[] = [];
  if (slackUrl !== undefined)
    sending.push(
      delivery(
        "slack",
        channels,
        postToSlack({ ...options, url: slackUrl, text: `*${notice.title}*\n${notice.text}` }),
      ),
    );
  if (smtpUrl !== undefined && emailTo.length > 0)
    sending.push(
      delivery(
        "mail",
        channels,
        sendMail({
          ...options,
          ...{ url: smtpUrl, from: emailFrom, to: emailTo, subject: `[windlass] ${notice.title}`, text: notice.text },
          ...(smtpCa === undefined ? {} : { ca: smtpCa }),
        }),
      ),
    );
  return Promise.all(sending);
}

async function delivery(channel: Delivery["channel"], channels: Channels, sending: Promise<void>): Promise<Delivery> {
  try {
    await sending;
    return { channel, delivered: true };
  } catch (error) {
    const secrets = [channels.slackUrl ?? "", channels.smtpUrl ?? ""];
    return {
      channel,
      delivered: false,
      reason: redact(error instanceof Error ? error.message : String(error), secrets),
    };
  }
}
