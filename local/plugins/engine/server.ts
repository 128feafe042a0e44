import grpc from "@grpc/grpc-js";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { handlers } from "./handlers.ts";
import type { Provider } from "./provider.ts";

/** As the official SDKs set it: states and assets can be large. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

export interface ServerOptions {
  /** host:port of the engine, to send log lines to; an attaching engine gives its own. */
  engineAddress?: string;
}

export interface PluginServer {
  port: number;
  close(): void;
}

/** Serves one provider on a free port of the loopback interface. */
export async function servePlugin(provider: Provider, options: ServerOptions = {}): Promise<PluginServer> {
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  const { methods, close } = handlers(provider, options.engineAddress);
  server.addService(service.ResourceProviderService, methods);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    port,
    close() {
      close();
      server.forceShutdown();
    },
  };
}
