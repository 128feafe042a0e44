import { local, remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { nodeProgram, stepText } from "../catalog/step-text.ts";
import { renderStep, type StepName, stepCommand } from "../domain/bootstrap.ts";
import type { Checkpoint } from "../domain/provision-result.ts";
import { quote } from "../domain/shell.ts";
import type { GpuTrainingNodeArgs } from "./node-arguments.ts";

/** The machine that is set up. */
export interface Machine {
  /** Id of the droplet: everything is done anew on another one. */
  id: pulumi.Output<string>;
  host: pulumi.Output<string>;
  privateKey: pulumi.Input<string>;
  /** The volume's attachment. */
  attachment: pulumi.Resource;
  attachmentId: pulumi.Output<string>;
}

/** What the set-up found out. */
export interface Bootstrapped {
  hostKey: pulumi.Output<string>;
  trainingLog?: string;
  firstCheckpoint?: pulumi.Output<Checkpoint>;
}

/** User that Windlass logs in as. */
export const SSH_USER = "root";

const STATE = "/var/lib/windlass";

/**
 * Declares the set-up of a node: one command per step, each waiting only for what it needs, so that independent ones run side by side.
 * A step runs again when its script changes or the droplet is another one; every step may be repeated.
 */
export function createBootstrap(
  name: string,
  machine: Machine,
  args: GpuTrainingNodeArgs,
  parent: pulumi.Resource,
): Bootstrapped {
  const make = new Steps(name, machine, parent);
  const { mountPoint } = args.volume;
  const driver = make.step("10-driver", {}, []);
  const docker = make.step("20-docker", {}, []);
  const runtime = make.step("30-nvidia-runtime", {}, [driver, docker]);
  const volume = make.step(
    "40-volume",
    { VOLUME: args.volume.name, MOUNT: mountPoint, SIZE_GIB: pulumi.output(args.volume.sizeGiB).apply(String) },
    [machine.attachment],
    [machine.attachmentId],
  );
  const repository = createRepository(make, args);
  const data = createData(make, args, volume);
  createWatch(make, args, [runtime, volume]);
  if (!args.training || !args.repository) return { hostKey: make.hostKey };
  const trainingLog = `${mountPoint}/logs/training.log`;
  const job = { MOUNT: mountPoint, JOBLOG: trainingLog };
  const needs = [runtime, volume, ...repository, ...data];
  const training = make.step(
    "70-training",
    {
      ...job,
      FOLDER: args.repository.path,
      COMMAND: args.training.command,
      DATA: args.data?.target ?? `${mountPoint}/data`,
    },
    needs,
  );
  const checkpoint = make.step("80-checkpoint", { ...job, COMMAND: args.training.command }, [training]);
  return {
    hostKey: make.hostKey,
    trainingLog,
    firstCheckpoint: pulumi.unsecret(checkpoint.stdout).apply(parseCheckpoint),
  };
}

function createRepository(make: Steps, args: GpuTrainingNodeArgs): pulumi.Resource[] {
  const { repository } = args;
  if (!repository) return [];
  const { commit, url, ref, path: target } = repository;
  const variables = { URL: url, REF: ref, COMMIT: commit ?? "", BUNDLE: `${STATE}/repository.bundle`, TARGET: target };
  if (commit === undefined) return [make.step("50-repository", variables, [])];
  const words = [url, commit, variables.BUNDLE, target].map(quote);
  const sent = make.local("send-repository", `node clients/ssh/send-repository.ts ${words.join(" ")}`, {}, []);
  return [make.step("50-repository", { ...variables, URL: "", REF: "" }, [sent])];
}

function createWatch(make: Steps, args: GpuTrainingNodeArgs, after: pulumi.Resource[]): void {
  const { sampleSeconds = 60, alarmHours = 6, webhook } = args.watch ?? {};
  make.step(
    "85-watch",
    {
      SAMPLE_SECONDS: String(sampleSeconds),
      ALARM_HOURS: String(alarmHours),
      WEBHOOK: webhook === undefined ? "" : pulumi.secret(webhook),
      SAMPLE: nodeProgram("sample"),
      WATCHDOG: nodeProgram("watchdog"),
    },
    after,
  );
}

function createData(make: Steps, args: GpuTrainingNodeArgs, volume: pulumi.Resource): pulumi.Resource[] {
  const { data } = args;
  if (!data) return [];
  const manifest = `${STATE}/data.sha256`;
  const words = [data.source, data.target, manifest].map(quote);
  const sent = make.local(
    "sync-data",
    `node clients/ssh/sync.ts ${words.join(" ")}`,
    { WINDLASS_DATA_DIGEST: data.digest },
    [volume],
  );
  const variables = { TARGET: data.target, MANIFEST: manifest, DIGEST: data.digest, FILES: String(data.files) };
  return [make.step("60-data", variables, [sent])];
}

/** Makes the commands of one node, all children of the component and named after it. */
class Steps {
  readonly hostKey: pulumi.Output<string>;
  readonly #name: string;
  readonly #machine: Machine;
  readonly #parent: pulumi.Resource;

  constructor(name: string, machine: Machine, parent: pulumi.Resource) {
    this.#name = name;
    this.#machine = machine;
    this.#parent = parent;
    const pin = new local.Command(
      `${name}-pin`,
      {
        create: "node clients/ssh/pin.ts",
        environment: this.#environment({}),
        triggers: [machine.id],
        addPreviousOutputInEnv: false,
      },
      { parent, customTimeouts: { create: "10m" } },
    );
    this.hostKey = pulumi.unsecret(pin.stdout).apply((line) => line?.trim());
  }

  /** A script of the catalog, run on the node. */
  step(
    step: StepName,
    variables: Record<string, pulumi.Input<string>>,
    after: pulumi.Resource[],
    triggers: pulumi.Input<unknown>[] = [],
  ): remote.Command {
    const text = stepText(step);
    return new remote.Command(
      `${this.#name}-${step}`,
      {
        connection: {
          host: this.#machine.host,
          user: SSH_USER,
          privateKey: pulumi.secret(this.#machine.privateKey),
          hostKey: this.hostKey,
          perDialTimeout: 30,
          dialErrorLimit: 5,
        },
        create: stepCommand(step),
        stdin: pulumi.output(variables).apply((known) => renderStep(step, text, known)),
        triggers: [this.#machine.id, ...triggers],
        addPreviousOutputInEnv: false,
      },
      { parent: this.#parent, dependsOn: after },
    );
  }

  /** A program of ours, run here: it starts in the project's folder. */
  local(role: string, command: string, environment: Record<string, string>, after: pulumi.Resource[]): local.Command {
    return new local.Command(
      `${this.#name}-${role}`,
      {
        create: command,
        environment: this.#environment({ ...environment, WINDLASS_SSH_HOST_KEY: this.hostKey }),
        triggers: [this.#machine.id],
        addPreviousOutputInEnv: false,
      },
      { parent: this.#parent, dependsOn: after },
    );
  }

  #environment(more: Record<string, pulumi.Input<string>>): Record<string, pulumi.Input<string>> {
    return {
      WINDLASS_SSH_HOST: this.#machine.host,
      WINDLASS_SSH_USER: SSH_USER,
      WINDLASS_SSH_PRIVATE_KEY: pulumi.secret(this.#machine.privateKey),
      ...more,
    };
  }
}

/** The job's own description of a checkpoint, as the last step prints it. */
function parseCheckpoint(text: string | undefined): Checkpoint {
  const { path, step, metric } = JSON.parse(text || "{}") as Checkpoint;
  return { path, step, metric };
}
