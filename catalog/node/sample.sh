#!/bin/bash
# Readings of this machine, by which a watcher tells whether it is idle. One line each in $STATE/samples, times in seconds since 1970:
#   1767225600 gpu=0,500;0,500 ssh=0 jobs=0 loading=0      utilisation in percent and used MiB of each GPU, then people, jobs, models being read
#   1767225660 error nvidia-smi ended with code 9           a reading that failed
# sample: one line. sample loop: one every SAMPLE_SECONDS. sample poll NOW SECONDS: for the watcher, whose clock decides: one line stamped NOW,
# then the lines of the SECONDS before it on standard output. Equal readings share a line there: 1767225600+60x3+61 is five of them.
set -u
export LC_ALL=C
STATE=${WINDLASS_STATE_FOLDER:-/var/lib/windlass}
SAMPLES=$STATE/samples
OWN=$STATE/sampler
MOST_BYTES=2000000
KEPT_BYTES=1500000
BUSY_PERCENT=20              # of one core: a process on a GPU that takes more of it since the last reading computes
LOADING_BYTES=$((64 << 20))  # one that has read more than that since then loads a model
mkdir -p "$OWN"

# Fields of /proc/PID/stat by their numbers in proc(5), after the name, which may hold anything.
stat_fields() { sed -n 's/^.*) //p' "/proc/$1/stat" 2>/dev/null; }
start_time() { stat_fields "$1" | cut -d ' ' -f 20; }

read_gpus() {
  local text
  text=$(timeout 20 nvidia-smi --query-gpu=utilization.gpu,memory.used --format=csv,noheader,nounits 2>&1) || {
    TROUBLE="nvidia-smi ended with code $?: $(head -n 1 <<<"$text")"
    return 1
  }
  GPUS=$(tr -d ' ' <<<"$text" | paste -sd ';')
  [[ $GPUS =~ ^[0-9]+,[0-9]+(;[0-9]+,[0-9]+)*$ ]] && return
  TROUBLE="nvidia-smi shows no utilisation: $(head -n 1 <<<"$text")"
  return 1
}

training_runs() {
  local pid started
  [ -e "$STATE/training.pid" ] && [ ! -e "$STATE/training.exit" ] || return 1
  read -r pid started 2>/dev/null <"$STATE/training.pid" && [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ]
}

# What the processes on the GPUs have done since the last reading: counts in JOBS those that compute (a new or unknown one does), sets LOADING.
# The figures to compare with are replaced when they are ten seconds old.
read_processes() {
  local pids pid before now elapsed name ticks bytes old_ticks old_bytes fields lines=''
  pids=$(timeout 20 nvidia-smi --query-compute-apps=pid --format=csv,noheader,nounits 2>&1) || {
    TROUBLE="nvidia-smi ended with code $?: $(head -n 1 <<<"$pids")"
    return 1
  }
  now=$(cut -d ' ' -f 1 /proc/uptime | tr -d .)
  before=$(head -n 1 "$OWN/processes" 2>/dev/null)
  elapsed=$((now - ${before:-0}))
  while read -r pid; do
    read -r -a fields <<<"$(stat_fields "$pid")"
    [ "${#fields[@]}" -ge 20 ] || { JOBS=$((JOBS + 1)); continue; }
    name=$pid:${fields[19]}
    ticks=$((fields[11] + fields[12]))
    bytes=$(awk '/^(rchar|read_bytes):/ && $2 > most { most = $2 } END { printf "%.0f", most }' "/proc/$pid/io" 2>/dev/null)
    lines+="$name $ticks ${bytes:=0}"$'\n'
    read -r old_ticks old_bytes <<<"$(sed -n "s/^$name //p" "$OWN/processes" 2>/dev/null)"
    if [ -z "$old_ticks" ] || [ $(((ticks - old_ticks) * 100)) -gt $((elapsed * BUSY_PERCENT)) ]; then JOBS=$((JOBS + 1)); fi
    [ $((bytes - ${old_bytes:-$bytes})) -le "$LOADING_BYTES" ] || LOADING=1
  done < <(grep -E '^ *[0-9]+ *$' <<<"$pids" | sort -u)
  [ -n "$before" ] && [ "$elapsed" -ge 0 ] && [ "$elapsed" -lt 1000 ] && return
  printf '%s\n%s' "$now" "$lines" >"$OWN/processes.new" && mv "$OWN/processes.new" "$OWN/processes"
}

# Connections that sshd has let in, one process each: "sshd: root@pts/0", without those of watchers.
ssh_connections() { ps -e -o pid= -o args= | awk '$2 ~ /^sshd(-session)?:$/ && $3 ~ /@/ { print $1 }'; }

count_people() {
  local pid
  PEOPLE=0
  for pid in $(ssh_connections); do
    grep -qxF "$pid $(start_time "$pid")" "$OWN/watchers" 2>/dev/null || PEOPLE=$((PEOPLE + 1))
  done
}

# The connection this poll came by is a watcher's; it is kept open between polls.
remember_watcher() {
  local pid=$$ mine='' connections old started kept=''
  connections=$(ssh_connections)
  while [ "${pid:-0}" -gt 1 ]; do
    grep -qx "$pid" <<<"$connections" && mine="$pid $(start_time "$pid")"
    pid=$(stat_fields "$pid" | cut -d ' ' -f 2)
  done
  [ -n "$mine" ] && ! grep -qxF "$mine" "$OWN/watchers" 2>/dev/null || return 0
  while read -r old started; do
    [ "$(start_time "$old")" != "$started" ] || kept+="$old $started"$'\n'
  done 2>/dev/null <"$OWN/watchers"
  printf '%s%s\n' "$kept" "$mine" >"$OWN/watchers.new" && mv "$OWN/watchers.new" "$OWN/watchers"
}

# append LINE: whole lines only, even after a full disk has cut one; the oldest go when there are too many.
append() {
  local size
  [ ! -s "$SAMPLES" ] || [ -z "$(tail -c 1 "$SAMPLES")" ] || echo >>"$SAMPLES"
  printf '%s\n' "$1" >>"$SAMPLES"
  size=$(stat -c %s "$SAMPLES" 2>/dev/null)
  [ "${size:-0}" -le "$MOST_BYTES" ] || { tail -c "$KEPT_BYTES" "$SAMPLES" | sed 1d >"$SAMPLES.new" && mv "$SAMPLES.new" "$SAMPLES"; }
}

# take TIME: a start of the machine is a reading of its own, so that what was before it is never taken for quiet until now.
take() {
  local boot line
  GPUS='' TROUBLE='' JOBS=0 LOADING=0
  boot="$(cat /proc/sys/kernel/random/boot_id) $(start_time 1)"
  if [ -s "$SAMPLES" ] && [ "$(cat "$OWN/boot" 2>/dev/null)" != "$boot" ]; then append "$1 error the machine has been started"; fi
  printf '%s\n' "$boot" >"$OWN/boot"
  count_people
  if read_gpus && read_processes; then
    ! training_runs || JOBS=$((JOBS + 1))
    line="gpu=$GPUS ssh=$PEOPLE jobs=$JOBS loading=$LOADING"
  else
    line="error $(tr -d '\000-\037' <<<"$TROUBLE" | cut -c 1-200)"
  fi
  append "$1 $line"
}

# The watcher's clock, as far as the last poll told how it differs from ours.
now() { echo $(($(date +%s) + $(cat "$OWN/clock-offset" 2>/dev/null || echo 0))); }

locked() { (flock -w 60 8 || exit 1; "$@") 8>"$OWN/lock"; }

loop() {
  exec 7>>"$OWN/loop.lock"
  # Whoever looks whether a loop runs holds the lock for a moment.
  flock -w 2 7 || exit 0
  echo $$ >"$OWN/loop.pid"
  while :; do
    # shellcheck source=/dev/null
    . "$STATE/watch.conf"
    (locked take "$(now)") 7>&-
    sleep $((SAMPLE_SECONDS - $(date +%s) % SAMPLE_SECONDS)) 7>&-
  done
}

# A line that is stamped later than NOW was taken before it all the same: it counts as taken now, from now on.
print_window() {
  awk -v now="$1" -v from=$(($1 - $2)) '
    function run() { if (times) stamp = stamp "+" step (times > 1 ? "x" times : ""); times = 0 }
    function flush() { if (open) { run(); print stamp " " rest } open = 0 }
    $1 !~ /^[0-9]+$/ { if (on) { flush(); print } next }
    { text = substr($0, length($1) + 2); at = $1 }
    at + 0 > now + 0 { at = now; early = 1 }
    !on && at + 0 < from + 0 { next }
    { on = 1 }
    open && text == rest { gap = at - last; if (times && gap == step) times++; else { run(); step = gap; times = 1 } last = at; next }
    { flush(); stamp = at; rest = text; last = at; open = 1 }
    END { flush(); exit early ? 3 : 0 }' "$SAMPLES"
  [ $? -ne 3 ] || { awk -v now="$1" '$1 ~ /^[0-9]+$/ && $1 + 0 > now + 0 { sub(/^[0-9]+/, now) } 1' "$SAMPLES" >"$SAMPLES.new" && mv "$SAMPLES.new" "$SAMPLES"; }
}

poll() {
  touch "$STATE/watcher-seen"
  echo $(($1 - $(date +%s))) >"$OWN/clock-offset.new" && mv "$OWN/clock-offset.new" "$OWN/clock-offset"
  remember_watcher
  take "$1"
  print_window "$1" "$2"
  echo end
}

case ${1:-} in
  '') locked take "$(now)" ;;
  loop) loop ;;
  poll) locked poll "$2" "$3" ;;
esac
