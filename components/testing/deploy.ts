import * as pulumi from "@pulumi/pulumi";

/** One resource as a program registered it. */
export interface Registered {
  type: string;
  name: string;
  urn: string;
  // biome-ignore lint/suspicious/noExplicitAny: inputs are whatever the type takes
  inputs: Record<string, any>;
  opts: pulumi.CustomResourceOptions & pulumi.ComponentResourceOptions;
  /** Logical name of the parent. */
  parent?: string;
}

/** How to run the program. */
export interface DeployOptions {
  /** As a preview: ids and computed values are unknown. @default false */
  preview?: boolean;
  /** Computed outputs by type, beside the inputs. */
  outputs?: Record<string, (name: string) => Record<string, unknown>>;
  /** Answers of look-ups by token; a function that throws is a look-up that fails. One that is missing fails the test. */
  calls?: Record<string, (inputs: Record<string, unknown>) => unknown>;
}

/** What a run left: every resource in the order of registration, and what the program returned. */
export interface Deployed<T> {
  resources: Registered[];
  result: T;
}

/**
 * Runs a program against mocks that see everything, options, parents and URNs too (the engine's own mocks show only inputs). Errors
 * of the program are thrown, not swallowed.
 */
export async function deploy<T>(program: () => T | Promise<T>, options: DeployOptions = {}): Promise<Deployed<T>> {
  const { preview = false, outputs = {}, calls = {} } = options;
  const seen: pulumi.ResourceTransformationArgs[] = [];
  const inputs = new Map<string, Registered["inputs"]>();
  let failure: unknown;
  let result: T | undefined;
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs: given }) => {
        inputs.set(`${type}::${name}`, given);
        const computed = preview ? {} : outputs[type]?.(name);
        return { id: preview ? undefined : `${name}-id`, state: { ...given, ...computed } };
      },
      call: ({ token, inputs: given }) => {
        const answer = calls[token];
        if (!answer) throw new Error(`unmocked call ${token}`);
        return asEngine(() => answer(given) as Record<string, unknown>);
      },
    },
    "windlass",
    "test",
    preview,
  );
  await pulumi.runtime.runInPulumiStack(async () => {
    pulumi.runtime.registerStackTransformation((args) => {
      seen.push(args);
      return undefined;
    });
    try {
      result = await program();
    } catch (error) {
      failure = error;
    }
  });
  await (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs();
  if (failure) throw failure;
  const resources = await Promise.all(
    seen.map(async (args) => ({
      type: args.type,
      name: args.name,
      urn: await known(args.resource.urn),
      inputs: inputs.get(`${args.type}::${args.name}`) ?? {},
      opts: args.opts as Registered["opts"],
      parent: (args.opts.parent as { __name?: string } | undefined)?.__name,
    })),
  );
  return { resources, result: result as T };
}

/** The engine's errors carry their text as gRPC details, and the SDK looks nowhere else. */
function asEngine<T>(answer: () => T): T {
  try {
    return answer();
  } catch (error) {
    throw Object.assign(error as Error, { details: (error as Error).message });
  }
}

/** The value of an output of plain text that is known; never resolves for an unknown one. */
export function known(output: pulumi.Output<string>): Promise<string> {
  return new Promise((resolve) => {
    output.apply(resolve);
  });
}

/** Every secret of the engine's wire form in these inputs, unwrapped, and the rest with the secrets taken out. */
export function splitSecrets(value: unknown): { plain: string; secret: string } {
  let secret = "";
  const plain = JSON.stringify(value, (_key, part: unknown) => {
    if (part !== null && typeof part === "object" && SECRET_MARK in part) {
      secret += JSON.stringify((part as { value?: unknown }).value);
      return "[secret]";
    }
    return part;
  });
  return { plain: plain ?? "", secret };
}

/** Key that marks a secret on the wire (sdk/nodejs/runtime/rpc.ts, specialSigKey). */
const SECRET_MARK = "4dabf18193072939515e22adb298388d";
