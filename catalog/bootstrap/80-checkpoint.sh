# Waits until the job has written a checkpoint: a `*.json` in MOUNT/checkpoints, which the job writes last. Its content goes to standard output.

EXITFILE=$STATE/training.exit

newest() { find "$MOUNT/checkpoints" -maxdepth 1 -name '*.json' -newermt "@$1" -printf '%T@ %p\n' 2>/dev/null | sort -rn | head -n 1 | cut -d ' ' -f 2-; }

is_paused() { [ -e "$MOUNT/.windlass/training.paused" ]; }

# A job that has nothing left to do, or that is paused, writes none: then the newest of an earlier run counts.
found() {
  local since=0
  is_paused || [ "$(cat "$EXITFILE" 2>/dev/null)" = 0 ] || since=$(($(cat "$STATE/training.started" 2>/dev/null || echo 1) - 1))
  newest "$since"
}

verify() { is_paused || [ -n "$(found)" ]; }

apply() {
  local tries=0
  while [ "$SECONDS" -lt $((LIMIT - 5)) ]; do
    verify && return 0
    if [ -e "$EXITFILE" ] && [ "$(cat "$EXITFILE")" != 0 ]; then
      tail -n 15 "$JOBLOG" >&2
      fail "the training job ended with code $(cat "$EXITFILE") before its first checkpoint: $(tail -n 1 "$JOBLOG")" "see $JOBLOG on the node"
    fi
    tries=$((tries + 1))
    [ $((tries % 40)) -ne 0 ] || say "waiting for the first checkpoint: $(tail -n 1 "$JOBLOG")"
    sleep 0.25
  done
  fail "no checkpoint within $LIMIT s: $(tail -n 1 "$JOBLOG")" "the job goes on: see $JOBLOG on the node, then run windlass up again"
}

# A job that was paused before its first checkpoint has none.
report() {
  local file
  file=$(found)
  if [ -n "$file" ]; then cat "$file"; else echo '{}'; fi
}
