/** What the units or lines of cron run. */
export interface MaintenanceUnitOptions {
  /** The launcher, as an absolute path. */
  program: string;
  /** User that it runs as: one that may use Docker, and read its logs. */
  user: string;
  /** The `.windlass` folder. */
  home: string;
}

/** Times of the lists: at night, after the clean-up of checkpoints at 2. */
const TIMES = {
  daily: { calendar: "*-*-* 03:00:00", cron: "0 3 * * *" },
  weekly: { calendar: "Sun *-*-* 04:00:00", cron: "0 4 * * 0" },
} as const;

/** A systemd service and timer for each list, in one text with a line before each that says which file it is. */
export function maintenanceTimers({ program, user, home }: MaintenanceUnitOptions): string {
  return Object.entries(TIMES)
    .map(
      ([list, { calendar }]) => `# /etc/systemd/system/windlass-maintenance-${list}.service
[Unit]
Description=Windlass ${list} maintenance
After=docker.service

[Service]
Type=oneshot
User=${user}
Environment=WINDLASS_HOME=${home}
ExecStart=${program} maintenance ${list} --yes --json

# /etc/systemd/system/windlass-maintenance-${list}.timer
# then: systemctl daemon-reload && systemctl enable --now windlass-maintenance-${list}.timer
[Unit]
Description=Windlass ${list} maintenance, at ${calendar}

[Timer]
OnCalendar=${calendar}
RandomizedDelaySec=10min
# What was missed while the machine was off is made up for.
Persistent=true

[Install]
WantedBy=timers.target
`,
    )
    .join("\n");
}

/** Lines of cron that do the same. */
export function maintenanceCron({ program, user, home }: MaintenanceUnitOptions): string {
  const lines = Object.entries(TIMES).map(
    ([list, { cron }]) =>
      `${cron} ${user} WINDLASS_HOME=${home} ${program} maintenance ${list} --yes --json >>${home}/maintenance.log 2>&1`,
  );
  return ["# /etc/cron.d/windlass-maintenance", ...lines, ""].join("\n");
}
