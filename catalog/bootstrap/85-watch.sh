# Readings of this machine for the watcher, every SAMPLE_SECONDS, and an alarm when no watcher comes for ALARM_HOURS. SAMPLE and WATCHDOG are the
# texts of the two programs. systemd runs them where it is there, else cron.

LIB=/usr/local/lib/windlass-node
CRON=/etc/cron.d/windlass-node
UNITS=/etc/systemd/system

loop_runs() { ! flock -n "$STATE/sampler/loop.lock" true 2>/dev/null; }

# Readings keep coming: the newest is not older than three steps.
readings_come() { [ -n "$(find "$STATE/samples" -size +0 -newermt "-$((3 * SAMPLE_SECONDS + 60)) seconds" 2>/dev/null)" ]; }

verify() { [ -x "$LIB/sample" ] && [ -x "$LIB/watchdog" ] && [ -s "$STATE/watch.conf" ] && loop_runs && readings_come; }

# put FILE MODE: whole or not at all, also where the old one is running.
put() {
  cat >"$1.new"
  chmod "$2" "$1.new"
  mv "$1.new" "$1"
}

with_systemd() {
  put "$UNITS/windlass-sampler.service" 644 <<UNIT
[Unit]
Description=Readings of this machine for windlass watch

[Service]
ExecStart=$LIB/sample loop
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
UNIT
  put "$UNITS/windlass-watchdog.service" 644 <<UNIT
[Unit]
Description=Alarm when no windlass watcher comes

[Service]
Type=oneshot
ExecStart=$LIB/watchdog
UNIT
  put "$UNITS/windlass-watchdog.timer" 644 <<UNIT
[Unit]
Description=Looks for windlass watchers

[Timer]
OnBootSec=10min
OnUnitActiveSec=10min

[Install]
WantedBy=timers.target
UNIT
  quietly systemctl daemon-reload
  quietly systemctl enable windlass-sampler.service windlass-watchdog.timer
  quietly systemctl restart windlass-sampler.service windlass-watchdog.timer
}

# cron starts the loop again within a minute when it has died; a loop that finds another one running ends.
with_cron() {
  local pid
  if ! command -v cron >/dev/null && ! command -v crond >/dev/null; then install_packages cron; fi
  put "$CRON" 644 <<TABLE
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
* * * * * root $LIB/sample loop </dev/null >/dev/null 2>&1
*/10 * * * * root $LIB/watchdog </dev/null >/dev/null 2>&1
TABLE
  pid=$(cat "$STATE/sampler/loop.pid" 2>/dev/null) || true
  if [ -n "$pid" ] && grep -qz "$LIB/sample" "/proc/$pid/cmdline" 2>/dev/null; then kill "$pid"; fi
  setsid "$LIB/sample" loop >/dev/null 2>&1 </dev/null 9>&- &
}

apply() {
  local tries
  mkdir -p "$LIB" "$STATE/sampler"
  printf '%s\n' "$SAMPLE" | put "$LIB/sample" 755
  printf '%s\n' "$WATCHDOG" | put "$LIB/watchdog" 755
  (umask 077 && printf 'SAMPLE_SECONDS=%q\nALARM_HOURS=%q\nWEBHOOK=%q\n' "$SAMPLE_SECONDS" "$ALARM_HOURS" "$WEBHOOK" | put "$STATE/watch.conf" 600)
  [ -e "$STATE/watcher-seen" ] || touch "$STATE/watcher-seen"
  # A loop that begins takes a reading at once: this one is from now on.
  touch -d '1970-01-02' "$STATE/samples"
  if has_systemd; then with_systemd; else with_cron; fi
  for tries in $(seq 120); do
    if verify; then return 0; fi
    sleep 0.25
  done
  fail "no reading came within $((tries / 4)) s" "run $LIB/sample on the node and see what it says"
}

report() { say "a reading every $SAMPLE_SECONDS s; the newest: $(tail -n 1 "$STATE/samples")"; }
