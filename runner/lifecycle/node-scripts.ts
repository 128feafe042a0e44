import { quote } from "../../domain/shell.ts";

/** Where bootstrap keeps its notes on the node. */
const STATE = "/var/lib/windlass";

/** Folder of the volume for what a stop leaves to the resume. */
export function stopFolder(mountPoint: string): string {
  return `${mountPoint}/.windlass`;
}

/** The archive of a golden stop. */
export function archivePath(mountPoint: string, operation: string): string {
  return `${stopFolder(mountPoint)}/root-${operation}.tar.gz`;
}

/** Seconds that a training job has to write its checkpoint and end. */
export const PAUSE_SECONDS = 1800;

/** GiB in use on the root disk, as a number on standard output. */
export const USED_ROOT =
  "if [ \"$(stat -f -c %T /)\" = overlayfs ]; then du -sxm / 2>/dev/null; else df -B1048576 --output=used / | tail -n 1; fi | awk '{print $1/1024}'";

/**
 * Marks the training as paused on the volume, so that no bootstrap starts it, and ends the job: TERM to its whole process group, then wait.
 * Prints `paused`, `idle` (no job ran) or `unmounted`; exit code 1 where the job does not end.
 */
export function pauseTraining(mountPoint: string): string {
  return `set -u
mountpoint -q ${quote(mountPoint)} || { echo unmounted; exit 0; }
[ -e ${STATE}/training.pid ] || { echo idle; exit 0; }
mkdir -p ${quote(stopFolder(mountPoint))}
date -u +%Y-%m-%dT%H:%M:%SZ >${quote(`${stopFolder(mountPoint)}/training.paused`)}
read -r pid started 2>/dev/null <${STATE}/training.pid || { sync; echo idle; exit 0; }
alive() { [ "$(awk '$3 != "Z" {print $22}' "/proc/$pid/stat" 2>/dev/null)" = "$started" ]; }
alive || { sync; echo idle; exit 0; }
kill -TERM -- "-$pid" 2>/dev/null
for _ in $(seq ${PAUSE_SECONDS * 4}); do
  if ! alive && ! pgrep -g "$pid" >/dev/null 2>&1; then sync; echo paused; exit 0; fi
  sleep 0.25
done
exit 1`;
}

/** Takes the mark away and starts the job as bootstrap did. */
export function startTraining(mountPoint: string): string {
  return `rm -f ${quote(`${stopFolder(mountPoint)}/training.paused`)}
step=${STATE}/steps/70-training.sh
[ -e "$step" ] || { echo "no training job is configured"; exit 0; }
rm -f ${STATE}/steps/70-training.done
bash -euo pipefail "$step" </dev/null`;
}

/** Runs the user's command once for each stop; 124 or 137 where it took too long. */
export function hookScript(hook: string, seconds: number, operation: string): string {
  const done = `${STATE}/hook-${operation}.done`;
  return `[ ! -e ${done} ] || exit 0
mkdir -p ${STATE}
timeout --kill-after=10 ${seconds} bash -c ${quote(hook)} </dev/null && : >${done}`;
}

/** Not worth a place on the volume: made anew by whoever needs it. */
const CACHES = [".cache", "__pycache__", ".npm/_cacache", ".windlass-skip"];

/**
 * Packs the folders into an archive on the volume, with its checksum beside it, and reads it back. One that is there and whole is kept. Exit
 * code 3 where the volume has no room, 4 where it is not mounted; older archives go once this one is verified.
 */
export function packRoot(mountPoint: string, operation: string, folders: readonly string[]): string {
  const folder = stopFolder(mountPoint);
  const archive = archivePath(mountPoint, operation);
  const excludes = CACHES.map((name) => `--exclude=${quote(name)}`).join(" ");
  return `set -euo pipefail
mountpoint -q ${quote(mountPoint)} || { echo "the volume is not mounted at ${mountPoint}" >&2; exit 4; }
mkdir -p ${quote(folder)}
cd ${quote(folder)}
name=$(basename ${quote(archive)})
if [ -e "$name" ] && sha256sum --status -c "$name.sha256" 2>/dev/null; then stat -c %s "$name"; exit 0; fi
rm -f root-*.new
there=()
for folder in ${folders.map(quote).join(" ")}; do [ ! -e "$folder" ] || there+=("\${folder#/}"); done
cd /
need=0
[ "\${#there[@]}" = 0 ] || need=$(du -sxcm ${excludes} -- "\${there[@]}" 2>/dev/null | tail -n 1 | cut -f 1)
free=$(df --output=avail -m ${quote(mountPoint)} | tail -n 1 | tr -d ' ')
[ "$free" -gt $((need + 64)) ] || { echo "no space left on the volume: $need MiB to keep, $free MiB free" >&2; exit 3; }
code=0
tar --create --gzip --one-file-system --numeric-owner --acls --xattrs ${excludes} --file ${quote(folder)}/"$name.new" --files-from <(printf '%s\\n' "\${there[@]}") || code=$?
[ "$code" -le 1 ] || exit "$code"
cd ${quote(folder)}
sync "$name.new"
tar --list --gzip --file "$name.new" >/dev/null
mv "$name.new" "$name"
sha256sum "$name" >"$name.sha256.new"
mv "$name.sha256.new" "$name.sha256"
sync -f .
sha256sum --status -c "$name.sha256"
find . -maxdepth 1 -name 'root-*' ! -name "$name*" -delete
stat -c %s "$name"`;
}

/** Unpacks it again where it lies there; prints `restored` or `none`. Exit code 3 where its checksum does not fit. */
export function unpackRoot(mountPoint: string, operation: string): string {
  const archive = archivePath(mountPoint, operation);
  return `set -euo pipefail
[ -e ${quote(archive)} ] || { echo none; exit 0; }
cd ${quote(stopFolder(mountPoint))}
name=$(basename ${quote(archive)})
sha256sum --status -c "$name.sha256" || exit 3
tar --extract --gzip --numeric-owner --same-permissions --acls --xattrs --file "$name" --directory /
sync
echo restored`;
}
