# The NVIDIA container runtime, known to Docker.

verify() {
  command -v nvidia-container-runtime >/dev/null && docker info --format '{{json .Runtimes}}' 2>/dev/null | grep -q '"nvidia"'
}

install_toolkit() {
  local list=/etc/apt/sources.list.d/nvidia-container-toolkit.list keyring=/usr/share/keyrings/nvidia-container-toolkit.gpg
  if ! command -v curl >/dev/null || ! command -v gpg >/dev/null; then install_packages curl ca-certificates gnupg; fi
  quietly curl -fsSL --retry 3 -o /tmp/nvidia-container-toolkit.key https://nvidia.github.io/libnvidia-container/gpgkey ||
    fail "NVIDIA's repository cannot be reached" "check that the firewall lets the node out to port 443"
  quietly gpg --dearmor --yes -o "$keyring" /tmp/nvidia-container-toolkit.key
  # shellcheck disable=SC2016 # apt, not the shell, fills in $(ARCH)
  printf 'deb [signed-by=%s] https://nvidia.github.io/libnvidia-container/stable/deb/$(ARCH) /\n' "$keyring" >"$list"
  install_packages nvidia-container-toolkit
}

# Without NVIDIA's own configuration tool the entry is added to Docker's file, which may hold other settings.
add_runtime() {
  python3 - "$1" <<'PYTHON'
import json, os, sys
path = "/etc/docker/daemon.json"
settings = {}
if os.path.exists(path) and os.path.getsize(path):
    with open(path) as file:
        settings = json.load(file)
settings.setdefault("runtimes", {})["nvidia"] = {"path": sys.argv[1], "runtimeArgs": []}
os.makedirs(os.path.dirname(path), exist_ok=True)
with open(path + ".new", "w") as file:
    json.dump(settings, file, indent=2)
os.replace(path + ".new", path)
PYTHON
}

apply() {
  if verify; then return 0; fi
  if ! command -v nvidia-container-runtime >/dev/null; then
    say "installing NVIDIA's container toolkit"
    install_toolkit
  fi
  if command -v nvidia-ctk >/dev/null; then
    quietly nvidia-ctk runtime configure --runtime=docker
  else
    quietly add_runtime "$(command -v nvidia-container-runtime)"
  fi
  reload_docker
  local tries
  for tries in $(seq 60); do
    verify && return 0
    sleep 0.5
  done
  fail "Docker does not know the nvidia runtime after $tries tries" "see /etc/docker/daemon.json on the node"
}

# Docker reads new runtimes on SIGHUP; containers go on running.
reload_docker() {
  if has_systemd; then quietly systemctl reload docker; else quietly pkill -HUP -x dockerd; fi
}

report() { say "Docker runs containers with the nvidia runtime"; }
