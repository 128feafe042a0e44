import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import grpc from "@grpc/grpc-js";
import languageService from "@pulumi/pulumi/proto/language_grpc_pb.js";
import languagePb from "@pulumi/pulumi/proto/language_pb.js";
import type { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { afterEach, beforeEach, expect, test } from "vitest";

let folder: string;
let host: ChildProcess;
let client: languageService.LanguageRuntimeClient;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "windlass-host-"));
  installStandInSdk();
  const manifest = {
    name: "trial",
    type: "module",
    main: "index.ts",
    dependencies: { "@pulumi/digitalocean": "*", zod: "*" },
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  host = spawn(resolve("tools/language-host/pulumi-language-nodejs"), [`-root=${folder}`, "127.0.0.1:1"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [port] = await once(host.stdout ?? host, "data");
  client = new languageService.LanguageRuntimeClient(
    `127.0.0.1:${String(port).trim()}`,
    grpc.credentials.createInsecure(),
  );
});
afterEach(() => {
  client.close();
  host.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** The host only starts the SDK's runner; what that does with an engine is for the engine suite to see. */
function installStandInSdk(): void {
  const sdk = join(folder, "node_modules/@pulumi/pulumi");
  mkdirSync(join(sdk, "cmd/run"), { recursive: true });
  writeFileSync(join(sdk, "package.json"), "{}");
  writeFileSync(join(sdk, "cmd/run/index.js"), 'require(require("node:path").resolve("index.ts"));\n');
  symlinkSync(resolve("node_modules/@pulumi/digitalocean"), join(folder, "node_modules/@pulumi/digitalocean"));
}

function info(): languagePb.ProgramInfo {
  return new languagePb.ProgramInfo().setRootDirectory(folder).setProgramDirectory(folder).setEntryPoint(".");
}

type Callback<Response> = (error: grpc.ServiceError | null, response: Response) => void;

async function call<Response>(send: (callback: Callback<Response>) => unknown): Promise<Response> {
  return await new Promise((answer, refuse) => {
    send((error, response) => (error ? refuse(error) : answer(response)));
  });
}

/** Runs a program of this text; no engine stands behind it, so it may not make resources. */
function run(text: string): Promise<languagePb.RunResponse> {
  writeFileSync(join(folder, "index.ts"), text);
  const request = new languagePb.RunRequest().setInfo(info()).setMonitorAddress("127.0.0.1:1").setProject("trial");
  request.getConfigMap().set("trial:size", "3");
  return call<languagePb.RunResponse>((callback) => client.run(request, callback));
}

const hangs = (pidFile: string) =>
  `import { writeFileSync } from "node:fs";\nwriteFileSync(${JSON.stringify(pidFile)}, String(process.pid));\nsetInterval(() => {}, 1000);\n`;

async function startHanging(): Promise<{ pid: number; answer: Promise<languagePb.RunResponse> }> {
  const pidFile = join(folder, "pid");
  const answer = run(hangs(pidFile));
  await expect.poll(() => existsSync(pidFile) && readFileSync(pidFile, "utf8") !== "").toBe(true);
  return { pid: Number(readFileSync(pidFile, "utf8")), answer };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("tells its version and its Node", async () => {
  const plugin = await call<PluginInfo>((callback) => client.getPluginInfo(new emptyPb.Empty(), callback));
  expect(plugin.getVersion()).toBe("3.259.0");
  const about = await call<languagePb.AboutResponse>((callback) =>
    client.about(new languagePb.AboutRequest(), callback),
  );
  expect(about.getVersion()).toMatch(/^v2[24]/);
});

test("names the plugins that the program's dependencies are for", async () => {
  const request = new languagePb.GetRequiredPackagesRequest().setInfo(info());
  const required = await call<languagePb.GetRequiredPackagesResponse>((callback) =>
    client.getRequiredPackages(request, callback),
  );
  const manifest = JSON.parse(readFileSync("node_modules/@pulumi/digitalocean/package.json", "utf8"));
  expect(required.getPackagesList().map((item) => `${item.getName()} ${item.getVersion()}`)).toEqual([
    `digitalocean v${manifest.version}`,
  ]);
});

test("a program in TypeScript runs with its config, and its exit code is told", async () => {
  const seen = join(folder, "seen");
  const text = `import { writeFileSync } from "node:fs";\nconst file: string = ${JSON.stringify(seen)};\nwriteFileSync(file, process.env.PULUMI_CONFIG ?? "");\nprocess.exit(7);\n`;
  const response = await run(text);
  expect(response.getError()).toBe("the program ended with exit code 7");
  expect(JSON.parse(readFileSync(seen, "utf8"))).toEqual({ "trial:config:size": "3" });
});

test("what the SDK has already told the user is not told again", async () => {
  const response = await run("process.exit(32);\n");
  expect(response.getBail()).toBe(true);
});

test("a cancelled update ends the program and is no error of it", async () => {
  const { pid, answer } = await startHanging();
  await call<unknown>((callback) => client.cancel(new emptyPb.Empty(), callback));
  const response = await answer;
  expect([response.getBail(), response.getError()]).toEqual([true, ""]);
  expect(isAlive(pid)).toBe(false);
});

test("a dead engine takes the program along", async () => {
  const { pid, answer } = await startHanging();
  const ended = once(host, "exit");
  host.stdin?.end();
  await expect(answer).rejects.toThrow();
  expect(await ended).toEqual([0, null]);
  await expect.poll(() => isAlive(pid)).toBe(false);
});

test("a program without the SDK is told what to do", async () => {
  rmSync(join(folder, "node_modules"), { recursive: true });
  await expect(run("")).rejects.toThrow(/@pulumi\/pulumi is not installed in .*: run npm ci there/);
});
