import { createHash } from "node:crypto";
import type { DropletSpec, GpuLoad } from "../../backend.ts";
import { gpuModel } from "./gpu-models.ts";
import type { ArchiveFile } from "./tar.ts";

const machine = "var/lib/windlass/machine";
const seed = "var/lib/cloud/seed/nocloud";

/** What a droplet is told before its first start; the parts that change later have functions of their own below. */
export function firstFiles(spec: DropletSpec, publicIp: string, nameServers: string[]): ArchiveFile[] {
  const metaData = { "instance-id": String(spec.id), "local-hostname": hostname(spec.name) };
  return [
    { path: `${seed}/meta-data`, content: JSON.stringify(metaData) },
    { path: `${seed}/user-data`, content: spec.userData ? spec.userData : "#cloud-config\n{}\n", mode: 0o600 },
    { path: `${machine}/droplet`, content: settings(spec, publicIp, nameServers) },
    { path: `${machine}/authorized_keys`, content: lines(spec.authorizedKeys.map((key) => key.trim())) },
    { path: `${machine}/gpu`, content: lines(gpus(spec)) },
    gpuLoadFile([]),
    volumesFile([]),
  ];
}

/** A host name as the kernel takes it: at most 63 bytes. */
export function hostname(name: string): string {
  return name.slice(0, 63).replace(/[.-]+$/, "");
}

/** Each line: name of an attached volume, minor number of its loop device. */
export function volumesFile(table: string[]): ArchiveFile {
  return { path: `${machine}/volumes`, content: lines(table) };
}

export function firewallFile(script: string): ArchiveFile {
  return { path: `${machine}/firewall.nft`, content: script };
}

export function reservedIpsFile(addresses: string[]): ArchiveFile {
  return { path: `${machine}/reserved-ips`, content: lines(addresses) };
}

/** One GPU a line, for the stand-in nvidia-smi. */
export function gpuLoadFile(load: GpuLoad[]): ArchiveFile {
  const rounded = load.map((gpu) => [gpu.utilization, gpu.memoryUsedMiB, gpu.temperatureC].map(Math.round));
  return {
    path: `${machine}/gpu-load`,
    content: lines(rounded.map((values, index) => `${values.join(" ")} ${(load[index]?.powerW ?? 0).toFixed(2)}`)),
  };
}

function settings(spec: DropletSpec, publicIp: string, nameServers: string[]): string {
  return lines([
    `INSTANCE=${spec.id}`,
    `SSHD=${spec.sshDown ? "off" : "on"}`,
    `PUBLIC_IP=${publicIp}`,
    `DNS='${nameServers.join(" ")}'`,
  ]);
}

function gpus(spec: DropletSpec): string[] {
  const { gpu } = spec;
  if (!gpu) return [];
  const { name, memoryMiB, powerLimitW } = gpuModel(gpu.model, gpu.memoryMiB);
  const line = (index: number) => [uuid(`${spec.id}/${index}`), name, memoryMiB, powerLimitW].join("|");
  return Array.from({ length: gpu.count }, (_, index) => line(index));
}

function uuid(of: string): string {
  const hex = createHash("sha256").update(of).digest("hex");
  return `GPU-${[hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-")}`;
}

function lines(values: string[]): string {
  return values.map((value) => `${value}\n`).join("");
}
