# The NVIDIA driver and CUDA 12 or later. GPU images of DigitalOcean carry both; a plain Ubuntu gets them from NVIDIA's repository.

cuda_major() { nvidia-smi 2>/dev/null | sed -n 's/.*CUDA Version: *\([0-9][0-9]*\).*/\1/p' | head -n 1; }

verify() { command -v nvidia-smi >/dev/null && [ "$(cuda_major)" -ge 12 ] 2>/dev/null; }

apply() {
  if verify; then return 0; fi
  if command -v nvidia-smi >/dev/null && [ -n "$(cuda_major)" ]; then
    say "the driver knows CUDA $(cuda_major) only: a newer one is installed"
  fi
  . /etc/os-release
  [ "$ID" = ubuntu ] || fail "no NVIDIA driver for CUDA 12 here, and this is $PRETTY_NAME" \
    "use a GPU image (windlass:image gpu-h100x1-base) or Ubuntu 22.04 or later"
  [ "$(uname -m)" = x86_64 ] || fail "no NVIDIA driver for $(uname -m)" "use an x86-64 GPU size"
  grep -qs 0x10de /sys/bus/pci/devices/*/vendor || fail "this droplet has no NVIDIA GPU" "choose a GPU size (windlass:gpuSize)"
  need_space / 8192
  command -v curl >/dev/null || install_packages curl ca-certificates
  say "installing NVIDIA's driver: some minutes"
  quietly curl -fsSL --retry 3 -o /tmp/cuda-keyring.deb \
    "https://developer.download.nvidia.com/compute/cuda/repos/ubuntu${VERSION_ID//./}/x86_64/cuda-keyring_1.1-1_all.deb" ||
    fail "NVIDIA's repository cannot be reached" "check that the firewall lets the node out to port 443"
  quietly dpkg -i /tmp/cuda-keyring.deb
  install_packages "linux-headers-$(uname -r)" cuda-drivers cuda-toolkit-12-8
  quietly modprobe nvidia || fail "the driver is installed but does not load" "restart the node (reboot) and run windlass up again"
}

report() { say "$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader | head -n 1), CUDA $(cuda_major)"; }
