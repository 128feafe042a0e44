/**
 * The Node.js language host that stands beside a `pulumi` built from its Go module, where the official one is not to
 * be had. The engine starts it as `pulumi-language-nodejs [-root=DIR] ENGINE_ADDRESS`, reads the port from the first
 * line of its standard output, and keeps its standard input open for as long as the engine lives.
 */
import grpc from "@grpc/grpc-js";
import languageService from "@pulumi/pulumi/proto/language_grpc_pb.js";
import { ChildSet } from "./children.ts";
import { languageRuntime } from "./service.ts";

/** Message limit of the engine and its SDKs (`maxRPCMessageSize`), in bytes. */
const maxMessageBytes = 400 * 1024 * 1024;

const engineAddress = process.argv.at(-1) ?? "";
const children = new ChildSet();

const server = new grpc.Server({
  "grpc.max_receive_message_length": maxMessageBytes,
  "grpc.max_send_message_length": maxMessageBytes,
});
server.addService(
  languageService.LanguageRuntimeService as unknown as grpc.ServiceDefinition,
  languageRuntime(engineAddress, children),
);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});

/** No program outlives the engine that asked for it: it would go on creating things that nobody records. */
function end(exitCode: number): void {
  children.kill("SIGKILL");
  process.exit(exitCode);
}
process.stdin.on("end", () => end(0)).resume();
process.on("SIGINT", () => end(130));
process.on("SIGTERM", () => end(143));
