import { credentials } from "@grpc/grpc-js";
import engineService from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineMessages from "@pulumi/pulumi/proto/engine_pb.js";
import type empty from "google-protobuf/google/protobuf/empty_pb.js";

/** Lines for the person who watches the update, about one resource. */
export interface Log {
  info(message: string): void;
  warning(message: string): void;
  /** A line of progress: shown beside the resource while it runs, and not kept. */
  status(message: string): void;
}

/** The way to the engine's log. */
export interface EngineLog {
  about(urn: string): Log;
  /** Resolves when everything said so far has arrived, so that no line comes after the answer it belongs to. */
  flushed(): Promise<void>;
  close(): void;
}

const { LogSeverity } = engineMessages;

/** Lines that go nowhere, for a server that no engine has given its address. */
export const SILENT: EngineLog = {
  about: () => ({ info() {}, warning() {}, status() {} }),
  flushed: () => Promise.resolve(),
  close() {},
};

/** @param address host:port of the engine; a line that cannot be delivered is dropped */
export function connectLog(address: string): EngineLog {
  const client = new engineService.EngineClient(address, credentials.createInsecure());
  const underWay = new Set<Promise<void>>();

  function send(urn: string, severity: number, message: string, ephemeral: boolean): void {
    const request = new engineMessages.LogRequest();
    request.setSeverity(severity as never);
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(ephemeral);
    const sent = new Promise<void>((resolve) => {
      client.log(request, (_error: unknown, _answer: typeof empty.Empty.prototype) => resolve());
    }).then(() => void underWay.delete(sent));
    underWay.add(sent);
  }

  return {
    about: (urn) => ({
      info: (message) => send(urn, LogSeverity.INFO, message, false),
      warning: (message) => send(urn, LogSeverity.WARNING, message, false),
      status: (message) => send(urn, LogSeverity.INFO, message, true),
    }),
    flushed: async () => void (await Promise.all(underWay)),
    close: () => client.close(),
  };
}
