/**
 * What is taken out of a file before its containers are compared, on both sides: by the file's name, the path in the model, and why it
 * cannot be had on the engine of the tests (Docker 20.10, two CPUs).
 */
export const EXCEPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  trading: {
    "services training-orchestrator deploy resources limits cpus": "four CPUs",
  },
  "03-monitoring": { "volumes tsdb driver_opts": "a folder that must be there" },
  "05-build": { "services api platform": "the image is for one platform" },
  "11-service-keys": {
    "services all cpu_period": "the engine takes it or cpus, not both",
    "services all cpu_quota": "the engine takes it or cpus, not both",
    "services all platform": "the image is for another",
    "services all storage_opt": "a file system with quotas",
  },
  "12-ports": {
    "services ports ports 9": "a range: Windlass takes the first free port, docker compose leaves it to the engine",
    "services ports ports 24": "the same",
  },
  "13-volumes": {
    "volumes unused-driver driver": "a driver that nobody has",
    "volumes unused-driver driver_opts": "of that driver",
    "services volumes volumes 10": "a folder that must be there",
    "services volumes volumes_from 0": "docker compose drops `ro`, Windlass does not",
  },
  "14-networks": {
    "services a networks one interface_name": "Docker 28.1",
    "services a networks one mac_address": "Docker 25",
  },
  "19-health": { "services cmd healthcheck start_interval": "Docker 25" },
  "21-secrets-configs": { "services app configs 0": "a file of the home folder" },
};
