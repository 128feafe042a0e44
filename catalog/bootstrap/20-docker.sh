# A Docker engine that answers.

verify() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

start_docker() {
  if has_systemd; then
    quietly systemctl enable --now docker
  elif [ -x /etc/init.d/docker ]; then
    quietly service docker start
  else
    setsid dockerd >>/var/log/dockerd.log 2>&1 </dev/null &
  fi
}

# Whoever is starting it already (the image's own start-up) gets a few seconds.
wait_for_docker() {
  local tries
  for tries in $(seq "$1"); do
    verify && return 0
    sleep 0.5
  done
  say "no answer from Docker after $tries tries"
  return 1
}

apply() {
  if ! command -v docker >/dev/null || ! command -v dockerd >/dev/null; then
    say "installing Docker"
    install_packages docker.io
  elif wait_for_docker 10; then
    return 0
  fi
  start_docker
  wait_for_docker 60 || fail "Docker does not answer" "see /var/log/dockerd.log or journalctl -u docker on the node"
}

report() { say "Docker $(docker version --format '{{.Server.Version}}')"; }
