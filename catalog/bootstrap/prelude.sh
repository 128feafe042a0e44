# What every step shares. A step is one file made of: its variables (STEP, LIMIT and its own), this prelude, its body, and `run_step "$@"`.
# The body defines `verify` (quick, no side effects, true when the work is done) and `apply` (does the work, safe to repeat).
# A step that ran before with the same text is only verified. Standard output carries results, standard error progress.

STATE=${WINDLASS_STATE_FOLDER:-/var/lib/windlass}
LOG=${WINDLASS_LOG_FOLDER:-/var/log/windlass}/bootstrap.log
DETAIL=${LOG%/*}/$STEP.log
export DEBIAN_FRONTEND=noninteractive GIT_TERMINAL_PROMPT=0 LC_ALL=C

say() { printf '%s: %s\n' "$STEP" "$*" >&2; }

log() { printf '%s %s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$STEP" "$*" 2>/dev/null >>"$LOG" || true; }

json_text() { printf '%s' "$1" | tr '\n\t' '  ' | tr -d '\000-\037' | sed 's/\\/\\\\/g; s/"/\\"/g'; }

# fail REASON SUGGESTION: ends the step with an error that programs can read.
fail() {
  trap - ERR
  printf '%s\n' "$1" 2>/dev/null >"$STATE/steps/$STEP.failed" || true
  say "failed: $1"
  printf 'windlass-error {"error":"BootstrapFailed","details":{"step":"%s","reason":"%s","suggestion":"%s"}}\n' \
    "$STEP" "$(json_text "$STEP: $1")" "$(json_text "$2")" >&2
  exit 1
}

free_mib() { df --output=avail -m -- "$1" 2>/dev/null | tail -n 1 | tr -d ' '; }

# need_space FOLDER MIB: refuses to begin what cannot end well.
need_space() {
  local free
  free=$(free_mib "$1")
  [ "${free:-0}" -ge "$2" ] || fail "no space left on $1 ($free MiB free, $2 MiB needed)" \
    "make room on the node or choose a bigger size or volume, then run windlass up again"
}

# unexpected COMMAND: a command failed that no step expects to fail.
unexpected() {
  local folder free
  for folder in / "${MOUNT:-/}"; do
    free=$(free_mib "$folder")
    [ "${free:-1}" -ge 1 ] || fail "no space left on $folder" "make room on the node, then run windlass up again: it goes on from this step"
  done
  [ ! -s "$DETAIL" ] || tail -n 15 "$DETAIL" >&2
  fail "'${DOING:-$1}' failed" "see $DETAIL and $LOG on the node; running windlass up again goes on from this step"
}

# quietly COMMAND...: output goes to the step's own file, shown when the step fails.
quietly() {
  DOING=$*
  "$@" >>"$DETAIL" 2>&1 || return
  DOING=
}

install_packages() {
  need_space / 512
  quietly apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 update ||
    fail "the package lists could not be read" "check that the firewall lets the node out to ports 80 and 443"
  quietly apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 install -y --no-install-recommends "$@" ||
    fail "the packages $* could not be installed" "see $DETAIL on the node"
}

has_systemd() { [ -d /run/systemd/system ]; }

inner() {
  local digest
  digest=$(sha256sum "$0" | cut -c 1-64)
  if [ "$(cat "$STATE/steps/$STEP.done" 2>/dev/null)" = "$digest" ] && verify; then
    say "already done"
  else
    set -E
    trap 'unexpected "$BASH_COMMAND"' ERR
    apply
    trap - ERR
    verify || fail "the work was done, but the check after it does not hold" "see $DETAIL on the node"
    printf '%s\n' "$digest" >"$STATE/steps/$STEP.done.new"
    mv "$STATE/steps/$STEP.done.new" "$STATE/steps/$STEP.done"
  fi
  ! declare -F report >/dev/null || report
}

run_step() {
  local started code=0
  mkdir -p "$STATE/steps" "${LOG%/*}"
  if [ "${1:-}" = inner ]; then
    inner
    return
  fi
  exec 9>"$STATE/steps/$STEP.lock"
  flock -w "$LIMIT" 9 || fail "another run of this step holds its lock for $LIMIT s" "wait for it to end, or restart the node"
  started=$(date +%s)
  log start
  rm -f "$STATE/steps/$STEP.failed"
  timeout --kill-after=10 "$LIMIT" bash -euo pipefail "$0" inner 9>&- || code=$?
  if [ "$code" -eq 0 ]; then
    log "ok $(($(date +%s) - started))s"
    return
  fi
  if [ "$code" -eq 124 ] || [ "$code" -eq 137 ]; then
    log "failed $(($(date +%s) - started))s: time limit"
    fail "did not end within $LIMIT s" "see $DETAIL on the node; running windlass up again goes on from this step"
  fi
  log "failed $(($(date +%s) - started))s: $(cat "$STATE/steps/$STEP.failed" 2>/dev/null || echo "exit code $code")"
  [ -e "$STATE/steps/$STEP.failed" ] || fail "ended with code $code" "see $DETAIL and $LOG on the node"
  exit "$code"
}
