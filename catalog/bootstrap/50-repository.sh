# The repository at TARGET: from URL at REF, or from the bundle at BUNDLE that was sent before, at COMMIT.
# Changes made on the node are kept: as a stash, and commits as a branch.

git_here() { git -C "$TARGET" -c user.name=windlass -c user.email=windlass@localhost -c advice.detachedHead=false "$@"; }

head_commit() { git -C "$TARGET" rev-parse --verify -q HEAD; }

verify() {
  [ -d "$TARGET/.git" ] && [ -n "$(head_commit)" ] || return 1
  [ -z "$COMMIT" ] || [ "$(head_commit)" = "$COMMIT" ]
}

fetch_bundle() {
  [ -s "$BUNDLE" ] || fail "the bundle $BUNDLE was not sent" "run windlass up again"
  quietly git_here fetch --force "$BUNDLE" refs/heads/windlass:refs/windlass/head ||
    fail "the bundle $BUNDLE cannot be read" "run windlass up again: it is sent anew"
  WANTED=$COMMIT
}

fetch_url() {
  quietly git_here remote add origin "$URL" || quietly git_here remote set-url origin "$URL"
  quietly git_here fetch --force --tags --prune origin '+refs/heads/*:refs/remotes/origin/*' ||
    fail "the repository $URL does not exist or cannot be reached: $(tail -n 1 "$DETAIL")" "check windlass:repositoryUrl, and that the node may read it"
  if [ "$REF" = HEAD ]; then quietly git_here remote set-head origin --auto; fi
  local name
  for name in "refs/remotes/origin/$REF" "refs/tags/$REF" "$REF"; do
    WANTED=$(git_here rev-parse --verify -q "$name^{commit}") && return 0
  done
  fail "the repository $URL has no branch, tag or commit $REF" "check windlass:repositoryRef"
}

keep_local_work() {
  local now
  now=$(date -u +%Y%m%dT%H%M%SZ)
  if [ -n "$(git_here status --porcelain)" ]; then
    say "the work tree has changes: they are kept in the stash windlass-kept-$now"
    quietly git_here stash push --include-untracked -m "windlass-kept-$now"
  fi
  if [ -n "$(head_commit)" ] && [ -z "$(git_here for-each-ref --contains HEAD refs/remotes refs/tags refs/windlass)" ]; then
    say "commits made here are kept in the branch windlass-kept-$now"
    quietly git_here branch "windlass-kept-$now" HEAD
  fi
}

apply() {
  command -v git >/dev/null || install_packages git ca-certificates
  need_space "$(dirname "$TARGET")" 64
  if [ ! -d "$TARGET/.git" ]; then
    if [ -e "$TARGET" ] && [ -n "$(ls -A "$TARGET")" ]; then
      fail "$TARGET exists and is no repository" "move it away or choose another windlass:repositoryPath"
    fi
    mkdir -p "$TARGET"
    quietly git init -q "$TARGET"
  fi
  if [ -n "$URL" ]; then fetch_url; else fetch_bundle; fi
  if [ "$(head_commit)" != "$WANTED" ]; then
    keep_local_work
    quietly git_here checkout --quiet --detach "$WANTED"
  fi
}

report() { say "$TARGET is at $(git -C "$TARGET" rev-parse --short HEAD)"; }
