import * as pulumi from "@pulumi/pulumi";
import { NasServices } from "../../components/compose-services.ts";
import type { StackPlan } from "../../domain/services/spec.ts";
import { dockerPlugin } from "../../local/plugins/docker/provider.ts";
import { SILENT } from "../../local/plugins/engine/log.ts";
import type { Instance, ResourceCall } from "../../local/plugins/engine/provider.ts";
import type { Properties } from "../../local/plugins/engine/values.ts";

/** What a container must not do where it is only made. */
const NOT_STARTED = { start: false, mustRun: false, wait: false, attach: false };

/**
 * Makes what a plan declares, without starting anything: the component and the plugin as they are, but in this process, without the
 * engine of Pulumi between them. Throws what the first resource that fails says.
 */
export async function createDirectly(plan: StackPlan, host: string): Promise<void> {
  const instance = dockerPlugin("0.0.0").open();
  let failure: unknown;
  await pulumi.runtime.setMocks(
    {
      async newResource({ type, name, inputs }) {
        if (!type.startsWith("docker:")) return { id: `${name}-id`, state: inputs };
        try {
          return await made(instance, type, name, plainOf(inputs) as Properties);
        } catch (error) {
          failure ??= error;
          throw error;
        }
      },
      call: ({ token }) => {
        throw new Error(`nothing answers ${token}`);
      },
    },
    plan.project,
    "services",
    false,
  );
  instance.configure({ host });
  await pulumi.runtime.runInPulumiStack(async () => {
    new NasServices(plan.project, { plan, host });
  });
  await (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs().catch((error) => {
    throw failure ?? error;
  });
  if (failure) throw failure;
}

async function made(instance: Instance, type: string, name: string, given: Properties) {
  const resource = instance.resource(type);
  if (!resource) throw new Error(`the plugin has no ${type}`);
  const call: ResourceCall = {
    urn: `urn:pulumi:services::test::${type}::${name}`,
    name,
    type,
    preview: false,
    timeoutSeconds: 0,
    log: SILENT.about(""),
    signal: new AbortController().signal,
  };
  const wanted = type.endsWith(":Container") ? { ...given, ...NOT_STARTED } : given;
  const { inputs, failures } = await resource.check({
    ...call,
    oldInputs: {},
    inputs: wanted,
    naming: { seed: new Uint8Array(32) },
  });
  if (failures.length > 0)
    throw new Error(failures.map(({ property, reason }) => `${name}: ${property}: ${reason}`).join("; "));
  const { id, outputs } = await resource.create({ ...call, inputs });
  return { id, state: outputs };
}

/** Inputs as a plugin gets them: what is secret without its wrapper. */
function plainOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainOf);
  if (typeof value !== "object" || value === null) return value;
  if (SECRET_MARK in value) return plainOf((value as unknown as { value: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainOf(item)]));
}

/** Key that marks a secret on the wire (sdk/nodejs/runtime/rpc.ts, specialSigKey). */
const SECRET_MARK = "4dabf18193072939515e22adb298388d";
