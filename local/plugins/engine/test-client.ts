import grpc from "@grpc/grpc-js";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import { decode, encode, type Properties } from "./values.ts";

/** A protocol message, used by its getters. */
export type Message = any;

/** What a unit test needs of an engine: calls of a served plugin, with properties as plain objects. */
export interface TestClient {
  call(method: string, request: unknown): Promise<Message>;
  check(urn: string, inputs: Properties, olds?: Properties): Promise<{ inputs: Properties; failures: string[] }>;
  create(urn: string, inputs: Properties, preview?: boolean): Promise<{ id: string; outputs: Properties }>;
  close(): void;
}

/** Connects to a plugin as an engine does, with a connection of its own. */
export function testClient(port: number): TestClient {
  const channelOptions = { "grpc.use_local_subchannel_pool": 1 };
  const client = new service.ResourceProviderClient(
    `127.0.0.1:${port}`,
    grpc.credentials.createInsecure(),
    channelOptions,
  );

  function call(method: string, request: unknown): Promise<Message> {
    return new Promise((resolve, reject) => {
      (client as Message)[method](request, (error: unknown, answer: unknown) =>
        error ? reject(error) : resolve(answer),
      );
    });
  }

  return {
    call,
    async check(urn, inputs, olds = {}) {
      const request = new messages.CheckRequest();
      request.setUrn(urn);
      request.setNews(encode(inputs));
      request.setOlds(encode(olds));
      request.setRandomseed(new Uint8Array([1, 2, 3]));
      const answer = await call("check", request);
      const failures = answer.getFailuresList().map((one: Message) => `${one.getProperty()}: ${one.getReason()}`);
      return { inputs: decode(answer.getInputs()), failures };
    },
    async create(urn, inputs, preview = false) {
      const request = new messages.CreateRequest();
      request.setUrn(urn);
      request.setProperties(encode(inputs));
      request.setPreview(preview);
      const answer = await call("create", request);
      return { id: answer.getId(), outputs: decode(answer.getProperties()) };
    },
    close: () => client.close(),
  };
}
