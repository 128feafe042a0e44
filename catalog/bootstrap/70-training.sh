# The training job: COMMAND in FOLDER, detached, with its log at JOBLOG. It is started once and must continue from its newest checkpoint by itself.
# A stop leaves a mark on the volume: until `windlass node resume --run` takes it away, the job is not started.

PIDFILE=$STATE/training.pid
EXITFILE=$STATE/training.exit

# A process id alone may belong to another process by now: its start time must fit too. One that nobody has buried (Z) is dead.
start_time() { awk '$3 != "Z" {print $22}' "/proc/$1/stat" 2>/dev/null; }

is_running() {
  local pid started
  [ -e "$PIDFILE" ] && [ ! -e "$EXITFILE" ] || return 1
  read -r pid started 2>/dev/null <"$PIDFILE" || return 1
  [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ]
}

is_finished() { [ "$(cat "$EXITFILE" 2>/dev/null)" = 0 ]; }

is_paused() { [ -e "$MOUNT/.windlass/training.paused" ]; }

# A job that dies at once has been started all the same: the next step says how it ended.
verify() { is_paused || is_running || is_finished || [ -n "${STARTED:-}" ]; }

stop_job() {
  local pid tries
  read -r pid _ <"$PIDFILE"
  say "the command has changed: stopping the job that runs (it may write a checkpoint first)"
  kill -TERM -- "-$pid" 2>/dev/null || true
  for tries in $(seq 120); do
    is_running || return 0
    sleep 0.5
  done
  fail "the running job did not stop after $tries tries" "stop it on the node: kill -- -$pid"
}

apply() {
  ! is_paused || return 0
  [ -d "$FOLDER" ] || fail "there is no folder $FOLDER" "check windlass:repositoryPath"
  if is_running; then
    [ "$(cat "$STATE/training.command" 2>/dev/null)" = "$COMMAND" ] && return 0
    stop_job
  fi
  mkdir -p "$(dirname "$JOBLOG")"
  rm -f "$EXITFILE"
  date +%s >"$STATE/training.started"
  printf '%s' "$COMMAND" >"$STATE/training.command"
  env MOUNT="$MOUNT" CHECKPOINTS="$MOUNT/checkpoints" DATA="$DATA" setsid bash -c '
    cd "$1" || exit 1
    code=0
    bash -c "$2" || code=$?
    printf "%s\n" "$code" >"$3.new" && mv "$3.new" "$3"
  ' training "$FOLDER" "$COMMAND" "$EXITFILE" >>"$JOBLOG" 2>&1 </dev/null 9>&- &
  local pid=$!
  printf '%s %s\n' "$pid" "$(start_time "$pid")" >"$PIDFILE"
  disown
  STARTED=yes
}

report() {
  if is_paused && ! is_running; then
    say "the job is paused by a stop and was not started: windlass node resume --run starts it"
    return
  fi
  if is_running; then
    say "the job runs as process $(cut -d ' ' -f 1 "$PIDFILE"), log $JOBLOG"
  else
    say "the job has ended with code $(cat "$EXITFILE" 2>/dev/null || echo unknown), log $JOBLOG"
  fi
}
