# The data volume: VOLUME (name) mounted at MOUNT. A file system is made only on a volume that holds nothing at all.

DEVICE=/dev/disk/by-id/scsi-0DO_Volume_$VOLUME
POSTPONED=$STATE/steps/$STEP.postponed

is_mounted() { [ "$(findmnt -n -o SOURCE --target "$MOUNT" 2>/dev/null)" = "$(readlink -f "$DEVICE" 2>/dev/null)" ] && mountpoint -q "$MOUNT"; }

fstab_line() { printf '%s %s %s defaults,nofail,discard,noatime 0 2' "$DEVICE" "$MOUNT" "$1"; }

folders_there() { [ -d "$MOUNT/data" ] && [ -d "$MOUNT/checkpoints" ] && [ -d "$MOUNT/logs" ]; }

verify() { is_mounted && grep -qsF "$DEVICE $MOUNT " /etc/fstab && folders_there && { is_whole || [ -e "$POSTPONED" ]; }; }

# The file system fills the device: the volume may have grown since (1 % and 64 MiB are the file system's own).
is_whole() {
  local device_mib fs_mib
  device_mib=$(($(blockdev --getsize64 "$(readlink -f "$DEVICE")") / 1048576))
  fs_mib=$(filesystem_mib)
  [ -z "$fs_mib" ] || [ "$fs_mib" -ge $((device_mib - device_mib / 100 - 64)) ]
}

filesystem_mib() {
  dumpe2fs -h "$DEVICE" 2>/dev/null | awk -F: '/^Block count/ {count = $2} /^Block size/ {size = $2} END {if (count) printf "%d", count * size / 1048576}'
}

wait_for_device() {
  local tries
  for tries in $(seq 120); do
    [ -b "$DEVICE" ] && return 0
    sleep 0.5
  done
  fail "the volume $VOLUME did not appear at $DEVICE after $tries tries" "see that it is attached: doctl compute volume list"
}

# Anything that blkid recognises (a file system, a partition table, a RAID) is kept; only "nothing found" (code 2) may be formatted.
make_filesystem() {
  local code=0
  TYPE=$(blkid -p -s TYPE -o value "$DEVICE") || code=$?
  if [ "$code" -eq 2 ]; then
    say "new volume: making an ext4 file system"
    quietly mkfs.ext4 -q -m 0 -L "${VOLUME:0:16}" -E lazy_itable_init=1,lazy_journal_init=1,nodiscard "$DEVICE"
    TYPE=ext4
  elif [ "$code" -ne 0 ] || [ -z "$TYPE" ]; then
    fail "the volume $VOLUME holds something that is no file system (blkid: code $code)" \
      "look at it with blkid -p and fdisk -l; it is not formatted, so that nothing is lost"
  fi
}

refuse_foreign_mount() {
  if mountpoint -q "$MOUNT" && ! is_mounted; then
    fail "$MOUNT is already the mount point of $(findmnt -n -o SOURCE --target "$MOUNT")" "choose another windlass:mountPoint, or unmount it"
  fi
  if ! mountpoint -q "$MOUNT" && [ -d "$MOUNT" ] && [ -n "$(ls -A "$MOUNT")" ]; then
    fail "$MOUNT holds files of the root disk that the volume would hide" "move them away (mv $MOUNT $MOUNT.old), then run windlass up again"
  fi
}

# Growing in place needs a kernel that lets us (not so in containers); else the file system grows while it is not mounted, and where it
# is in use that is left to the next time it is mounted. Nothing is ever stopped for it.
grow_filesystem() {
  rm -f "$POSTPONED"
  is_whole && return 0
  say "the volume has grown: growing its file system"
  case "$TYPE" in
    ext[234]) quietly resize2fs "$DEVICE" || grow_unmounted ;;
    xfs) quietly xfs_growfs "$MOUNT" ;;
    *) say "file system $TYPE is left at its size" ;;
  esac
}

grow_unmounted() {
  if is_mounted && ! quietly umount "$MOUNT"; then
    say "$MOUNT is in use and cannot grow meanwhile: it grows when the node is rebuilt, or by hand: umount, e2fsck -f, resize2fs, mount"
    touch "$POSTPONED"
    return 0
  fi
  local code=0
  quietly e2fsck -f -p "$DEVICE" || code=$?
  [ "$code" -le 1 ] || fail "the file system of the volume $VOLUME is damaged (e2fsck: code $code)" "mend it by hand: e2fsck -f $DEVICE"
  quietly resize2fs "$DEVICE"
  mount_volume
}

mount_volume() {
  if ! is_mounted; then quietly mount -t "$TYPE" -o defaults,discard,noatime "$DEVICE" "$MOUNT"; fi
}

apply() {
  wait_for_device
  TYPE=
  make_filesystem
  refuse_foreign_mount
  mkdir -p "$MOUNT"
  mount_volume
  grow_filesystem
  if ! grep -qsxF "$(fstab_line "$TYPE")" /etc/fstab; then
    { grep -vsF " $MOUNT " /etc/fstab || true; fstab_line "$TYPE"; echo; } >/etc/fstab.new
    cat /etc/fstab.new >/etc/fstab
    rm /etc/fstab.new
  fi
  mkdir -p "$MOUNT/data" "$MOUNT/checkpoints" "$MOUNT/logs"
}

report() { say "$MOUNT has $(df --output=size -h "$MOUNT" | tail -n 1 | tr -d ' '), $(df --output=avail -h "$MOUNT" | tail -n 1 | tr -d ' ') free"; }
