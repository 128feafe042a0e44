import { expect, test } from "vitest";
import type { DropletSpec } from "../../backend.ts";
import { firstFiles, gpuLoadFile, hostname } from "./machine-files.ts";

const spec: DropletSpec = {
  id: 7,
  name: "finance-gpu-train-001",
  sizeSlug: "gpu-h100x8-640gb",
  vcpus: 160,
  memoryMiB: 1_966_080,
  diskGiB: 2046,
  gpu: { model: "nvidia_h100", count: 2, memoryMiB: 81_920 },
  image: { slug: "gpu-h100x8-base", gpu: true, docker: true },
  region: "nyc2",
  authorizedKeys: ["ssh-ed25519 AAAA one\n", "ssh-ed25519 BBBB two"],
  vpcId: "v",
  vpcRange: "10.0.0.0/20",
};

function content(path: string, files = firstFiles(spec, "198.18.0.10", ["10.0.0.53"])): string | undefined {
  return files.find((file) => file.path.endsWith(path))?.content.toString();
}

test("a machine is told its identity, its keys and its GPUs", () => {
  expect(JSON.parse(content("meta-data") ?? "")).toEqual({
    "instance-id": "7",
    "local-hostname": "finance-gpu-train-001",
  });
  expect(content("user-data")).toBe("#cloud-config\n{}\n");
  expect(content("machine/droplet")).toBe("INSTANCE=7\nSSHD=on\nPUBLIC_IP=198.18.0.10\nDNS='10.0.0.53'\n");
  expect(content("authorized_keys")).toBe("ssh-ed25519 AAAA one\nssh-ed25519 BBBB two\n");
  expect(content("machine/gpu")).toMatch(/^(GPU-[0-9a-f-]{36}\|NVIDIA H100 80GB HBM3\|81559\|700\n){2}$/);
  expect(new Set(content("machine/gpu")?.split("\n").slice(0, 2)).size).toBe(2);
});

test("every GPU's load is a line of whole numbers and watts", () => {
  const load = { utilization: 96.6, memoryUsedMiB: 1000, temperatureC: 60, powerW: 512.5 };
  expect(gpuLoadFile([load, { ...load, utilization: 0 }]).content).toBe("97 1000 60 512.50\n0 1000 60 512.50\n");
});

test("a host name is at most 63 bytes and does not end in a dot or dash", () => {
  expect(hostname(`${"a".repeat(62)}-b`)).toBe("a".repeat(62));
});
