import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { ensureKeyPair, type KeyPair, keyPath, readKeyPair } from "../clients/ssh/key.ts";
import { readManifest } from "../clients/ssh/manifest.ts";
import { DataVolume } from "../components/data-volume.ts";
import { findVolume } from "../components/existing-volume.ts";
import { GpuTrainingNode } from "../components/gpu-training-node.ts";
import type { NodeData, NodeRepository } from "../components/node-arguments.ts";
import { lookUpMarkers } from "../components/node-markers.ts";
import { VpcFirewall } from "../components/vpc-firewall.ts";
import { declaredMachine, type NodeOwner, type NodePhase, nodePhase } from "../domain/node-marker.ts";
import type { AbsentNodeOutput, NodeOutput } from "../domain/provision-result.ts";
import type { StackConfig } from "./config.ts";
import { refuseSharedKey } from "./key-separation.ts";
import { isLocal, resolveCommit } from "./local-repository.ts";

/** Where the stack is declared from. */
export interface StackContext {
  stack: string;
  /** Folder of Pulumi.yaml. */
  root: string;
  /** State folder, relative to the root or absolute. */
  home: string;
}

/** The outputs of a stack. */
export interface TrainingOutputs {
  node: pulumi.Output<NodeOutput | AbsentNodeOutput>;
  firewallId: pulumi.Output<string>;
  /** Absent while the node is stopped. */
  sshKeyFingerprint?: pulumi.Output<string>;
  /** Address that the node keeps over stops; absent where none is reserved. */
  reservedIp?: pulumi.Output<string>;
}

/**
 * One training node with its volume and its network. Looks the volume up first, so that one of its name is reused, and whether the node was
 * stopped: then it is not declared, until it is resumed.
 */
export async function trainingStack(config: StackConfig, context: StackContext): Promise<TrainingOutputs> {
  const owner = { project: config.project, stack: context.stack, node: config.nodeName };
  const pair = sshKey(config, context);
  const markers = await lookUpMarkers(owner);
  const phase = nodePhase(markers);
  const volume = phase === "expired" ? undefined : await dataVolume(config, owner);
  const network = new VpcFirewall("network", {
    region: config.gpuRegion,
    owner,
    sshAllowedAddresses: config.sshAllowedAddresses,
    vpcId: config.vpcId,
    vpcIpRange: config.vpcIpRange,
  });
  const address = config.reservedIp
    ? new digitalocean.ReservedIp("address", { region: config.gpuRegion }, { ignoreChanges: ["dropletId"] })
    : undefined;
  const shared = { firewallId: network.firewallId, ...(address ? { reservedIp: address.ipAddress } : {}) };
  const machine = declaredMachine(markers, { image: config.image, size: config.gpuSize });
  if (!machine || !volume) return { ...shared, node: pulumi.output(absentNode(config, phase, volume)) };
  const node = new GpuTrainingNode("node", {
    nodeName: config.nodeName,
    region: config.gpuRegion,
    size: machine.size,
    image: machine.image,
    generation: config.generation,
    createTimeoutMinutes: config.createTimeoutMinutes,
    owner,
    tags: config.tags,
    vpcUuid: network.vpcUuid,
    firewallId: network.firewallId,
    firewallTag: network.tag,
    sshKey: pair,
    reservedIp: address?.ipAddress,
    volume: { id: volume.volumeId, name: volume.volumeName, sizeGiB: volume.sizeGiB, mountPoint: config.mountPoint },
    bootstrap: config.bootstrap,
    timers: { autoShutdownHours: config.autoShutdownHours, maxLifetimeHours: config.maxLifetimeHours },
    watch: {
      sampleSeconds: config.sampleSeconds,
      alarmHours: config.watchAlarmHours,
      webhook: config.slackWebhookUrl,
    },
    ...(config.bootstrap ? work(config, context) : {}),
  });
  return { ...shared, sshKeyFingerprint: node.sshKeyFingerprint, node: nodeOutput(node, volume, config) };
}

async function dataVolume(config: StackConfig, owner: NodeOwner): Promise<DataVolume> {
  const existing = await findVolume({ name: config.volumeName, region: config.gpuRegion, id: config.volumeId });
  return new DataVolume("data", {
    volumeName: config.volumeName,
    region: config.gpuRegion,
    sizeGiB: config.volumeSizeGiB,
    owner: { project: owner.project, stack: owner.stack },
    existing,
    tags: config.tags,
  });
}

function absentNode(
  config: StackConfig,
  phase: NodePhase,
  volume: DataVolume | undefined,
): pulumi.Input<AbsentNodeOutput> {
  const { nodeName: name, gpuRegion: region, gpuSize: size, mountPoint } = config;
  const volumes = volume ? [{ id: volume.volumeId, name: volume.volumeName, sizeGiB: volume.sizeGiB, mountPoint }] : [];
  return pulumi.output({ name, status: phase as "stopped" | "expired", region, size, volumes });
}

function sshKey(config: StackConfig, context: StackContext): KeyPair {
  const path = keyPath(context.root, config.sshKeyFile);
  const own = config.cloud === "local" && config.sshKeyFile === `${context.home}/keys/${context.stack}`;
  const pair = own ? ensureKeyPair(path, `windlass ${context.stack}`) : readKeyPair(path);
  refuseSharedKey(pair.publicKey, path, context);
  return pair;
}

function work(config: StackConfig, context: StackContext) {
  return {
    repository: repository(config, context),
    data: data(config, context),
    training: config.trainingCommand === undefined ? undefined : { command: config.trainingCommand },
  };
}

function repository(config: StackConfig, context: StackContext): NodeRepository | undefined {
  const { repositoryUrl: url, repositoryRef: ref, repositoryPath: path } = config;
  if (url === undefined) return undefined;
  return { url, ref, path, commit: isLocal(url) ? resolveCommit(context.root, url, ref) : undefined };
}

function data(config: StackConfig, context: StackContext): NodeData | undefined {
  const source = config.dataSource;
  if (source === undefined) return undefined;
  const { digest, files } = readManifest(
    keyPath(context.root, source),
    keyPath(context.root, `${context.home}/manifest-cache.json`),
  );
  return { source, target: config.dataTarget, digest, files: files.length };
}

function nodeOutput(node: GpuTrainingNode, volume: DataVolume, config: StackConfig): pulumi.Output<NodeOutput> {
  const { dropletId, status, region, size, ipAddress, privateIp, vpcUuid, createdAt, hostKey, sshUser } = node;
  const { volumeId: id, volumeName, sizeGiB } = volume;
  const volumes = [{ id, name: volumeName, sizeGiB, mountPoint: config.mountPoint }];
  const machine = { name: node.nodeName, dropletId, status, region, size, ipAddress, privateIp, vpcUuid, createdAt };
  const job = { trainingLog: node.trainingLog, firstCheckpoint: node.firstCheckpoint };
  return pulumi.output({ ...machine, hostKey, sshUser, volumes, ...job });
}
