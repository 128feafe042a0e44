import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ServerWritableStream } from "@grpc/grpc-js";
import grpc from "@grpc/grpc-js";
import languagePb from "@pulumi/pulumi/proto/language_pb.js";
import type { ChildSet } from "./children.ts";

/** `pulumi install`: npm dependencies from the lock file where there is one, never with install scripts. */
export function installDependencies(
  call: ServerWritableStream<languagePb.InstallDependenciesRequest, languagePb.InstallDependenciesResponse>,
  children: ChildSet,
): void {
  const directory = call.request.getInfo()?.getProgramDirectory() || call.request.getDirectory();
  const verb = existsSync(join(directory, "package-lock.json")) ? "ci" : "install";
  const child = spawn("npm", [verb, "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: directory,
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  const fail = (details: string) => call.emit("error", { code: grpc.status.UNKNOWN, details });
  child.stdout.on("data", (data) => call.write(new languagePb.InstallDependenciesResponse().setStdout(data)));
  child.stderr.on("data", (data) => call.write(new languagePb.InstallDependenciesResponse().setStderr(data)));
  child.once("error", (error) => fail(`could not start npm: ${error.message}`));
  child.once("close", (code) => (code === 0 ? call.end() : fail(`npm ${verb} in ${directory} ended with ${code}`)));
}
