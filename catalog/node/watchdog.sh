#!/bin/bash
# Gives alarm when no watcher has looked at this machine for ALARM_HOURS: nobody stops it then when it is idle, and it is billed on. Run every
# ten minutes; tells at most once an hour: the journal, everybody who is logged in, and WEBHOOK where there is one.
set -u
STATE=${WINDLASS_STATE_FOLDER:-/var/lib/windlass}
WEBHOOK=''
# shellcheck source=/dev/null
. "$STATE/watch.conf"
[ "$ALARM_HOURS" != off ] || exit 0

changed() { stat -c %Y "$1" 2>/dev/null || echo 0; }
now=$(date +%s)
seen=$(changed "$STATE/watcher-seen")
# A machine that was resumed a minute ago remembers the watcher of before the stop.
started=$((now - $(cut -d . -f 1 "${WINDLASS_UPTIME_FILE:-/proc/uptime}")))
[ "$seen" -ge "$started" ] || seen=$started
awk -v quiet=$((now - seen)) -v hours="$ALARM_HOURS" 'BEGIN { exit !(quiet > hours * 3600) }' || exit 0
[ $((now - $(changed "$STATE/alarm-given"))) -ge 3600 ] || exit 0
touch "$STATE/alarm-given"

text="$(hostname): no windlass watcher has looked at this machine for $(((now - seen) / 3600)) h. Nobody stops it when it is idle, and it is billed on: start windlass watch"
logger -t windlass -p daemon.alert -- "$text" || true
printf '%s\n' "$text" | timeout 10 wall || true
[ -n "$WEBHOOK" ] || exit 0
# The address is a secret: not among the arguments, which everybody here can read.
printf 'url = "%s"\n' "$WEBHOOK" | curl -fsS --max-time 20 -K - -H 'Content-Type: application/json' --data-binary "{\"text\":\"$text\"}" -o /dev/null ||
  logger -t windlass -p daemon.err -- "the alarm could not be sent to the webhook"
