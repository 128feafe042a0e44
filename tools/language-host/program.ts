import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import languagePb from "@pulumi/pulumi/proto/language_pb.js";
import type { ChildSet } from "./children.ts";

const lazyResolver = fileURLToPath(new URL("../../runner/engine/lazy-resolver.cjs", import.meta.url));

/** Exit code of the SDK's runner when it has already told the user what went wrong (its `cmd/run`). */
const alreadyReported = 32;

/** Path of a file of the SDK as the program itself would resolve it, so that host and program share one version. */
export function sdkFile(programDirectory: string, file: string): string {
  try {
    return createRequire(join(programDirectory, "package.json")).resolve(`@pulumi/pulumi/${file}`);
  } catch {
    throw new Error(`@pulumi/pulumi is not installed in ${programDirectory}: run npm ci there`);
  }
}

/**
 * Runs the program of one preview or update and answers when it has ended. TypeScript runs by Node's own type
 * stripping: no ts-node, nothing generated.
 */
export async function runProgram(
  request: languagePb.RunRequest,
  engineAddress: string,
  children: ChildSet,
): Promise<languagePb.RunResponse> {
  const info = request.getInfo();
  if (!info) throw new Error("the engine named no program to run");
  const directory = info.getProgramDirectory();
  const option = (name: string) => info.getOptions()?.getFieldsMap().get(name)?.getStringValue() ?? "";
  const child = spawn(
    process.execPath,
    [
      ...["--require", lazyResolver],
      ...option("nodeargs").split(" ").filter(Boolean),
      sdkFile(directory, "cmd/run"),
      ...runArguments(request, info, engineAddress),
    ],
    { cwd: directory, stdio: ["ignore", "inherit", "inherit"], env: programEnvironment(request) },
  );
  children.add(child);
  return await new Promise((resolve, reject) => {
    child.once("error", (error) => reject(new Error(`could not start the program: ${error.message}`)));
    child.once("close", (code, signal) => resolve(runResponse(code, signal, children.cancelled)));
  });
}

/** The command line of the SDK's `cmd/run`. */
function runArguments(request: languagePb.RunRequest, info: languagePb.ProgramInfo, engineAddress: string): string[] {
  const flags: Record<string, string> = {
    monitor: request.getMonitorAddress(),
    engine: engineAddress,
    organization: request.getOrganization(),
    project: request.getProject(),
    stack: request.getStack(),
    "root-directory": info.getRootDirectory(),
    pwd: info.getProgramDirectory(),
    parallel: String(request.getParallel()),
  };
  return [
    ...Object.entries(flags).flatMap(([name, value]) => (value === "" ? [] : [`--${name}`, value])),
    ...(request.getDryrun() ? ["--dry-run"] : []),
    info.getEntryPoint(),
    ...request.getArgsList(),
  ];
}

function programEnvironment(request: languagePb.RunRequest): NodeJS.ProcessEnv {
  const config: Record<string, string> = {};
  for (const [key, value] of request.getConfigMap().entries()) config[key.replace(":", ":config:")] = value;
  return {
    ...process.env,
    PULUMI_CONFIG: JSON.stringify(config),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    PULUMI_NODEJS_TYPESCRIPT: "false",
  };
}

/** What the engine hears: `bail` means "ended early, the user already knows why". */
export function runResponse(
  code: number | null,
  signal: NodeJS.Signals | null,
  cancelled: boolean,
): languagePb.RunResponse {
  const response = new languagePb.RunResponse();
  if (cancelled || code === alreadyReported) return response.setBail(true);
  if (signal) return response.setError(`the program was ended by ${signal}`);
  if (code !== 0) return response.setError(`the program ended with exit code ${code}`);
  return response;
}
