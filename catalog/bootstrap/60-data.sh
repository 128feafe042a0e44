# The data at TARGET against the checksums in MANIFEST (sha256sum format), which came with it. DIGEST stands for the whole.

verify() { [ -s "$MANIFEST" ] && [ "$(wc -l <"$MANIFEST")" -eq "$FILES" ] && (cd "$TARGET" && cut -c 67- "$MANIFEST" | xargs -d '\n' -r stat -- >/dev/null 2>&1); }

apply() {
  [ -s "$MANIFEST" ] || fail "the checksums $MANIFEST were not sent" "run windlass up again"
  say "checking $FILES files (${DIGEST:0:12})"
  (cd "$TARGET" && quietly sha256sum --check --quiet --strict "$MANIFEST") ||
    fail "data differs from its checksums: $(tail -n 1 "$DETAIL")" "run windlass up again: damaged files are sent anew"
}

report() { say "$FILES files in $TARGET are as sent"; }
