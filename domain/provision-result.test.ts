import { expect, test } from "vitest";
import { type NodeOutput, provisionResult } from "./provision-result.ts";

const node: NodeOutput = {
  name: "finance-smollm3-gpu-train-001",
  dropletId: 123456789,
  status: "active",
  region: "tor1",
  size: "gpu-h100x1-80gb",
  ipAddress: "165.232.1.2",
  privateIp: "10.108.0.5",
  vpcUuid: "5a4981aa-9653-4bd1-bef5-d6bff52042e4",
  createdAt: "2025-11-17T10:30:00Z",
  hostKey: "ssh-ed25519 AAAA",
  sshUser: "root",
  volumes: [{ id: "vol-abc123", name: "finance-smollm3-data", sizeGiB: 500, mountPoint: "/mnt/finance-smollm3" }],
};

test("the result has exactly the documented fields", () => {
  expect(provisionResult(node, { hourlyUsd: 3.46, monthlyUsd: 2524.7 })).toEqual({
    droplet_id: 123456789,
    name: "finance-smollm3-gpu-train-001",
    status: "active",
    region: "tor1",
    size: "gpu-h100x1-80gb",
    ip_address: "165.232.1.2",
    private_ip: "10.108.0.5",
    vpc_uuid: "5a4981aa-9653-4bd1-bef5-d6bff52042e4",
    created_at: "2025-11-17T10:30:00Z",
    volumes: [{ id: "vol-abc123", name: "finance-smollm3-data", size_gb: 500, mount_point: "/mnt/finance-smollm3" }],
    cost: { hourly_usd: 3.46, monthly_estimate_usd: 2524.7 },
  });
});

test("a node without an address is not a provisioned node", () => {
  expect(() => provisionResult({ ...node, ipAddress: "" }, { hourlyUsd: 1, monthlyUsd: 730 })).toThrow(/ip_address/);
});
