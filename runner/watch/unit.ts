/** What a unit or a line of cron runs. */
export interface UnitOptions {
  /** The launcher, as an absolute path. */
  program: string;
  /** Folder of the Pulumi project. */
  root: string;
  stack: string;
  /** User that it runs as. */
  user: string;
}

/** A systemd service that keeps the watcher running, with where to put it. */
export function systemdUnit({ program, root, stack, user }: UnitOptions): string {
  return `# /etc/systemd/system/windlass-watch-${stack}.service
# then: systemctl daemon-reload && systemctl enable --now windlass-watch-${stack}
# Secrets (DIGITALOCEAN_TOKEN, WINDLASS_SLACK_WEBHOOK_URL, WINDLASS_SMTP_URL) belong into the EnvironmentFile, mode 600.
[Unit]
Description=Windlass watches stack ${stack}
Wants=network-online.target
After=network-online.target

[Service]
User=${user}
WorkingDirectory=${root}
EnvironmentFile=-/etc/windlass/${stack}.env
ExecStart=${program} watch --stack ${stack} --cwd ${root} --json
Restart=always
RestartSec=30
# A stop under way is finished first: a snapshot may take hours.
TimeoutStopSec=8h
KillMode=mixed

[Install]
WantedBy=multi-user.target
`;
}

/** A line of cron: one pass every five minutes; two passes at a time do no harm. */
export function cronLine({ program, root, stack, user }: UnitOptions): string {
  return `# /etc/cron.d/windlass-watch-${stack}
*/5 * * * * ${user} ${program} watch --once --stack ${stack} --cwd ${root} --json >>${root}/.windlass/watch-${stack}.log 2>&1
`;
}
