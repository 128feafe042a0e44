import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import grpc from "@grpc/grpc-js";
import languagePb from "@pulumi/pulumi/proto/language_pb.js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import type { ChildSet } from "./children.ts";
import { installDependencies } from "./install.ts";
import { programDependencies, requiredPackages } from "./packages.ts";
import { runPlugin } from "./plugin.ts";
import { runProgram } from "./program.ts";

/** Reported to the engine; the engine version this host is written for. */
export const hostVersion = "3.259.0";

/** How long a program may take to end after the engine cancelled, before it is killed. */
const cancelGraceMs = 2_000;

type Unary<Request, Response> = (
  call: { request: Request },
  callback: (error: Partial<grpc.ServiceError> | null, response?: Response) => void,
) => void;

/** Turns an async function into a unary gRPC handler; what it throws becomes the status text the engine prints. */
function unary<Request, Response>(
  handler: (request: Request) => Response | Promise<Response>,
): Unary<Request, Response> {
  return (call, callback) => {
    Promise.resolve()
      .then(() => handler(call.request))
      .then(
        (response) => callback(null, response),
        (error: Error) => callback({ code: grpc.status.UNKNOWN, details: error.message }),
      );
  };
}

/**
 * The calls of `pulumirpc.LanguageRuntime` that preview, up, import, about, install and source-based plugins need.
 * Generating code (SDKs, projects) is left out: the engine answers those with "not implemented".
 */
export function languageRuntime(startAddress: string, children: ChildSet): UntypedServiceImplementation {
  let engineAddress = startAddress;
  const implementation = {
    handshake: unary((request: languagePb.LanguageHandshakeRequest) => {
      engineAddress = request.getEngineAddress();
      return new languagePb.LanguageHandshakeResponse();
    }),
    getPluginInfo: unary(() => new pluginPb.PluginInfo().setVersion(hostVersion)),
    getRequiredPlugins: unary(() => new languagePb.GetRequiredPluginsResponse()),
    getRequiredPackages: unary(requiredPackages),
    getProgramDependencies: unary(programDependencies),
    runtimeOptionsPrompts: unary(() => new languagePb.RuntimeOptionsResponse()),
    about: unary(() => new languagePb.AboutResponse().setExecutable(process.execPath).setVersion(process.version)),
    run: unary((request: languagePb.RunRequest) => runProgram(request, engineAddress, children)),
    runPlugin: (call: grpc.ServerWritableStream<languagePb.RunPluginRequest, languagePb.RunPluginResponse>) =>
      runPlugin(call, children),
    installDependencies: (
      call: grpc.ServerWritableStream<languagePb.InstallDependenciesRequest, languagePb.InstallDependenciesResponse>,
    ) => installDependencies(call, children),
    cancel: unary(() => {
      children.cancel(cancelGraceMs);
      return new emptyPb.Empty();
    }),
  };
  return implementation as unknown as UntypedServiceImplementation;
}
