import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../test/free-port.ts";
import { buildS3Server } from "./build.ts";

/** A real S3 server on loopback, one per "region". */
export interface S3Server {
  endpoint: string;
  /** Objects of a bucket are the files below `<folder>/<bucket>`. */
  folder: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  /** kill -9; `start` brings it back on the same port with the same objects. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it and deletes its objects. */
  remove(): Promise<void>;
}

/** Starts one with these buckets. */
export async function startS3Server(...buckets: string[]): Promise<S3Server> {
  const program = await buildS3Server();
  const root = mkdtempSync(join(tmpdir(), "windlass-s3-"));
  const folder = join(root, "buckets");
  const sidecar = join(root, "metadata");
  for (const path of [sidecar, ...buckets.map((bucket) => join(folder, bucket))]) mkdirSync(path, { recursive: true });
  let port = await freePort();
  const credentials = { accessKeyId: "TESTKEYTESTKEYTESTKE", secretAccessKey: "s3cr3tOfTheTestsAndOfNothingElse" };
  let child: ChildProcess | undefined;
  const kill = async () => {
    const ended = child;
    child = undefined;
    if (!ended || ended.exitCode !== null) return;
    const closed = new Promise((done) => ended.once("close", done));
    ended.kill("SIGKILL");
    await closed;
  };
  const start = async () => {
    const words = ["--port", `127.0.0.1:${port}`, "--quiet", "posix", "--sidecar", sidecar, folder];
    const keys = { ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey };
    child = spawn(program, words, { env: { ...process.env, ...keys }, stdio: ["ignore", "ignore", "pipe"] });
    await answers(`http://127.0.0.1:${port}`, child);
  };
  // A port that was free may be somebody else's by now.
  for (let attempt = 1; ; attempt++) {
    const up = await start().then(
      () => true,
      (error: unknown) => {
        if (attempt === 5) throw error;
        return false;
      },
    );
    if (up) break;
    port = await freePort();
  }
  const remove = async () => {
    await kill();
    rmSync(root, { recursive: true, force: true });
  };
  return { endpoint: `http://127.0.0.1:${port}`, folder, credentials, kill, start, remove };
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  let said = "";
  child.stderr?.on("data", (chunk) => (said += chunk));
  for (let attempt = 0; attempt < 600; attempt++) {
    if (child.exitCode !== null) throw new Error(`the S3 server ended: ${said}`);
    if (await fetch(url).then(Boolean, () => false)) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`the S3 server does not answer: ${said}`);
}
