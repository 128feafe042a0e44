import type { DigitalOcean } from "../../clients/digitalocean/index.ts";
import type { SshConnection } from "../../clients/ssh/connection.ts";
import type { NodeOwner } from "../../domain/node-marker.ts";
import type { StackConfig } from "../../stacks/config.ts";
import type { ResourceState } from "../checkpoint.ts";
import type { CloudClock } from "../clock.ts";

/**
 * What the operations on a node's life (stop, resume, expire, gc, sweep) work with. The real one drives the Pulumi engine; the stand-in of the
 * random fault runs declares and converges by itself, because ten thousand runs of the engine would take a night.
 */
export interface NodeStack {
  owner: NodeOwner;
  config: StackConfig;
  cloud: DigitalOcean;
  clock: CloudClock;
  /**
   * Makes the cloud what is declared now (the markers are looked up anew). Throws as `up` does; may be repeated after a kill. What raises the
   * bill is `judged` by the policies first; what ends one never is, so that nothing can keep it from ending.
   */
  converge(message: string, options?: { judged?: boolean }): Promise<void>;
  /** Takes the protected volume out of the state without a call to the cloud: what is declared next has none. */
  releaseVolume(): Promise<void>;
  /** Live resources of the state. */
  resources(): Promise<ResourceState[]>;
  /** Ids of creates that an update has begun and not noted. */
  pending(): Promise<number>;
  /** Works on the node over ssh; undefined where the node is not set up for it (`bootstrap` is false). */
  ssh?: <T>(work: (connection: SshConnection) => Promise<T>) => Promise<T>;
  /** Throws `HealthCheckFailed` unless the node is proven healthy; without ssh: unless its droplet is active. */
  proveHealth(): Promise<void>;
}
