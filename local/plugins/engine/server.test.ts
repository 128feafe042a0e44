import grpc from "@grpc/grpc-js";
import engineService from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import statuses from "@pulumi/pulumi/proto/status_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { afterEach, expect, test } from "vitest";
import { type CheckCall, type Instance, PartialFailure, type Provider, type Resource } from "./provider.ts";
import { servePlugin } from "./server.ts";
import { type Message, testClient } from "./test-client.ts";
import { decode, encode, Secret, UNKNOWN } from "./values.ts";
import { waitFor } from "./wait.ts";

const URN = "urn:pulumi:s::p::toy:index:Thing::one";
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A provider whose one type does what a test wants. */
function toy(resource: Partial<Resource>, instance: Partial<Instance> = {}): Provider {
  const all = { check: (call: CheckCall) => ({ inputs: call.inputs, failures: [] }), ...resource } as Resource;
  const open = () => ({
    configure() {},
    resource: (type: string) => (type === "toy:index:Thing" ? all : undefined),
    invoke: () => undefined,
    ...instance,
  });
  return { name: "toy", version: "1.2.3", open };
}

async function serve(provider: Provider, engineAddress?: string) {
  const server = await servePlugin(provider, { engineAddress });
  closers.push(() => server.close());
  return { server, client: connect(server.port) };
}

function connect(port: number) {
  const client = testClient(port);
  closers.push(() => client.close());
  return client;
}

/** The part of an engine that takes log lines. */
async function logEngine() {
  const lines: string[] = [];
  const server = new grpc.Server();
  server.addService(engineService.EngineService, {
    log(call: Message, callback: Message) {
      lines.push(`${call.request.getEphemeral() ? "~" : ""}${call.request.getMessage()} @${call.request.getUrn()}`);
      callback(null, new empty.Empty());
    },
  } as never);
  const port = await new Promise<number>((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  closers.push(() => server.forceShutdown());
  return { lines, address: `127.0.0.1:${port}` };
}

test("the plugin says that it takes secrets, and has the version of the SDK", async () => {
  const { client } = await serve(toy({}));
  const handshake = await client.call("handshake", new messages.ProviderHandshakeRequest());
  expect(handshake.getAcceptSecrets()).toBe(true);
  expect((await client.call("getPluginInfo", new empty.Empty())).getVersion()).toBe("1.2.3");
});

test("resources get plain inputs, and what came in secret goes out secret", async () => {
  const seen: unknown[] = [];
  const { client } = await serve(
    toy({
      check(call) {
        seen.push(call.inputs);
        return { inputs: { ...call.inputs, more: "m" }, failures: [{ property: "a", reason: "why" }] };
      },
      async create(call) {
        return { id: "7", outputs: { ...call.inputs, later: call.preview ? UNKNOWN : "now" } };
      },
    }),
  );
  const checked = await client.check(URN, { a: new Secret("s"), b: { c: new Secret(1), d: 2 } });
  expect(seen).toEqual([{ a: "s", b: { c: 1, d: 2 } }]);
  expect(checked).toEqual({
    inputs: { a: new Secret("s"), b: { c: new Secret(1), d: 2 }, more: "m" },
    failures: ["a: why"],
  });
  expect(await client.create(URN, { a: new Secret("s") }, true)).toEqual({
    id: "7",
    outputs: { a: new Secret("s"), later: UNKNOWN },
  });
});

test("a partial failure carries what exists, with its secrets", async () => {
  const failing = toy({
    async create(call) {
      throw new PartialFailure("42", { ...call.inputs, status: "new" }, new Error("not up after 5 s"));
    },
  });
  const { client } = await serve(failing);
  const error = await client.create(URN, { a: new Secret("s") }).catch((one) => one);
  expect(error.details).toBe("not up after 5 s");
  const [packed] = error.metadata.get("grpc-status-details-bin");
  const [detail] = statuses.Status.deserializeBinary(packed).getDetailsList();
  const failed = messages.ErrorResourceInitFailed.deserializeBinary(detail!.getValue_asU8());
  expect(failed.getId()).toBe("42");
  expect(failed.getReasonsList()).toEqual(["not up after 5 s"]);
  expect(decode(failed.getProperties())).toEqual({ a: new Secret("s"), status: "new" });
});

test("secrets are shown neither in lines nor in errors", async () => {
  const { lines, address } = await logEngine();
  const telling = toy({
    async create(call) {
      const { password, host } = call.inputs.connection as Record<string, string>;
      call.log.status(`trying ${password} at ${host}`);
      throw new Error(`${call.inputs.phrase} was refused`);
    },
  });
  const { client } = await serve(telling, address);
  const inputs = {
    phrase: new Secret("open sesame"),
    connection: new Secret({ host: "10.0.0.1", password: "hunter22" }),
  };
  await expect(client.create(URN, inputs)).rejects.toThrow("[secret] was refused");
  expect(lines).toEqual([`~trying [secret] at 10.0.0.1 @${URN}`]);
});

test("log lines arrive at the engine before the answer they belong to", async () => {
  const { lines, address } = await logEngine();
  const talking = toy({
    async create(call) {
      for (let i = 0; i < 20; i++) call.log.status(`step ${i}`);
      call.log.info("done");
      return { id: "1", outputs: {} };
    },
  });
  const { client } = await serve(talking, address);
  await client.create(URN, {});
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toBe(`done @${URN}`);
});

test("an engine that attaches gets its own log", async () => {
  const { lines, address } = await logEngine();
  const { client } = await serve(
    toy({
      async create(call) {
        call.log.info("hello");
        return { id: "1", outputs: {} };
      },
    }),
  );
  const request = new plugin.PluginAttach();
  request.setAddress(address);
  await client.call("attach", request);
  await client.create(URN, {});
  expect(lines).toEqual([`hello @${URN}`]);
});

test("every connection has its own settings, and its own cancel", async () => {
  const provider: Provider = {
    name: "toy",
    version: "1",
    open() {
      let token = "";
      const resource: Partial<Resource> = {
        async create({ signal, log }) {
          if (token === "slow") await waitFor(async () => ({ state: "new" }), { what: "it", seconds: 60, signal, log });
          return { id: token, outputs: {} };
        },
      };
      return {
        configure(settings) {
          token = String(settings.token);
        },
        resource: () => resource as Resource,
        invoke: () => undefined,
      };
    },
  };
  const { server, client: first } = await serve(provider);
  const second = connect(server.port);
  for (const [client, token] of [
    [first, "slow"],
    [second, "quick"],
  ] as const) {
    await client.call("handshake", new messages.ProviderHandshakeRequest());
    const request = new messages.ConfigureRequest();
    request.setArgs(encode({ token: new Secret(token) }));
    await client.call("configure", request);
  }
  const waiting = first.create(URN, {}).catch((error) => error.details);
  expect((await second.create(URN, {})).id).toBe("quick");
  await first.call("cancel", new empty.Empty());
  expect(await waiting).toBe("cancelled");
  expect((await second.create(URN, {})).id).toBe("quick");
});

test("a type or function that the plugin lacks is named", async () => {
  const { client } = await serve(toy({}));
  await expect(client.create("urn:pulumi:s::p::toy:index:Other::one", {})).rejects.toThrow(
    "the bundled toy plugin has no resource type toy:index:Other",
  );
  const request = new messages.InvokeRequest();
  request.setTok("toy:index:get");
  await expect(client.call("invoke", request)).rejects.toThrow("the bundled toy plugin has no function toy:index:get");
});

test("a wait that takes too long says what it waited for and what state that was in", async () => {
  const states: string[] = [];
  const log = { info() {}, warning() {}, status: (line: string) => void states.push(line) };
  const options = { what: "droplet 1", seconds: 0, signal: new AbortController().signal, log };
  await expect(waitFor(async () => ({ state: "new" }), options)).rejects.toThrow(
    "droplet 1 is still new after 0 s: gave up waiting",
  );
  let looks = 0;
  const found = await waitFor(async () => ({ state: "new", done: ++looks > 2 ? looks : undefined }), {
    ...options,
    seconds: 9,
  });
  expect(found).toBe(3);
  expect(states[0]).toBe("waiting for droplet 1: new, 0 s");
});
