import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ServerWritableStream } from "@grpc/grpc-js";
import grpc from "@grpc/grpc-js";
import languagePb from "@pulumi/pulumi/proto/language_pb.js";
import type { ChildSet } from "./children.ts";
import { sdkFile } from "./program.ts";

const pluginEntry = fileURLToPath(new URL("plugin-entry.cjs", import.meta.url));

/** Runs a plugin written in TypeScript (a component package, a policy pack) and relays its output and exit code. */
export function runPlugin(
  call: ServerWritableStream<languagePb.RunPluginRequest, languagePb.RunPluginResponse>,
  children: ChildSet,
): void {
  const request = call.request;
  const directory = request.getInfo()?.getProgramDirectory() ?? request.getProgram();
  // Policy packs run in their own folder, as under Pulumi's own host: @pulumi/policy reads package.json there.
  const cwd = request.getKind() === "analyzer" ? directory : request.getPwd();
  try {
    const child = spawn(
      process.execPath,
      [pluginEntry, sdkFile(directory, "cmd/run-plugin/run"), directory, ...request.getArgsList()],
      { cwd, stdio: ["ignore", "pipe", "pipe"], env: pluginEnvironment(request.getEnvList()) },
    );
    children.add(child);
    child.stdout.on("data", (data) => call.write(new languagePb.RunPluginResponse().setStdout(data)));
    child.stderr.on("data", (data) => call.write(new languagePb.RunPluginResponse().setStderr(data)));
    child.once("error", (error) => call.destroy(error));
    child.once("close", (code) => {
      call.write(new languagePb.RunPluginResponse().setExitcode(code ?? 1));
      call.end();
    });
    call.on("cancelled", () => child.kill());
  } catch (error) {
    call.emit("error", { code: grpc.status.FAILED_PRECONDITION, details: (error as Error).message });
  }
}

/** The engine gives the whole environment as `NAME=value` lines; an empty list means its own. */
function pluginEnvironment(lines: string[]): NodeJS.ProcessEnv {
  if (lines.length === 0) return process.env;
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}
