import { z } from "zod";

/** The Droplet Provision Result: what a run that raises a node prints. Field names are a contract with its readers. */
export const provisionResultSchema = z.strictObject({
  droplet_id: z.int().positive(),
  name: z.string().min(1),
  status: z.enum(["new", "active", "off", "archive"]),
  region: z.string().min(1),
  size: z.string().min(1),
  ip_address: z.ipv4(),
  private_ip: z.ipv4(),
  vpc_uuid: z.string().min(1),
  /** ISO 8601, UTC. */
  created_at: z.iso.datetime(),
  volumes: z.array(
    z.strictObject({
      id: z.string().min(1),
      name: z.string().min(1),
      /** GiB. */
      size_gb: z.int().min(1).max(16384),
      mount_point: z.string().startsWith("/"),
    }),
  ),
  cost: z.strictObject({
    /** Droplet and volumes, US dollars per hour. */
    hourly_usd: z.number().nonnegative(),
    /** Droplet and volumes, US dollars per month of 730 hours. */
    monthly_estimate_usd: z.number().nonnegative(),
  }),
});

export type ProvisionResult = z.infer<typeof provisionResultSchema>;

/** A node as the stack's output `node` describes it. */
export interface NodeOutput {
  name: string;
  dropletId: number;
  status: string;
  region: string;
  size: string;
  ipAddress: string;
  privateIp: string;
  vpcUuid: string;
  createdAt: string;
  /** The pinned OpenSSH public host key line (`ssh-ed25519 AAAA...`). */
  hostKey: string;
  sshUser: string;
  volumes: { id: string; name: string; sizeGiB: number; mountPoint: string }[];
  /** Path of the training job's log on the node; absent where no job is configured. */
  trainingLog?: string;
  /** The first checkpoint that the job wrote; absent where no job is configured. */
  firstCheckpoint?: Checkpoint;
}

/** What the stack's output `node` says where no droplet is declared, because the node was stopped. */
export interface AbsentNodeOutput {
  name: string;
  status: "stopped" | "expired";
  region: string;
  size: string;
  volumes: NodeOutput["volumes"];
}

/** A checkpoint as the training job reports it beside the file. */
export interface Checkpoint {
  path: string;
  step: number;
  /** Its quality, under the name the job gives it (`accuracy`). */
  metric: { name: string; value: number };
}

/** Builds the result from a stack's output and the price; throws a ZodError where the output is not a provisioned node. */
export function provisionResult(node: NodeOutput, cost: { hourlyUsd: number; monthlyUsd: number }): ProvisionResult {
  return provisionResultSchema.parse({
    droplet_id: node.dropletId,
    name: node.name,
    status: node.status,
    region: node.region,
    size: node.size,
    ip_address: node.ipAddress,
    private_ip: node.privateIp,
    vpc_uuid: node.vpcUuid,
    created_at: node.createdAt,
    volumes: node.volumes.map((volume) => ({
      id: volume.id,
      name: volume.name,
      size_gb: volume.sizeGiB,
      mount_point: volume.mountPoint,
    })),
    cost: { hourly_usd: cost.hourlyUsd, monthly_estimate_usd: cost.monthlyUsd },
  });
}
