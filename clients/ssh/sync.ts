/**
 * Sends a folder to a node and leaves its checksums there: `node clients/ssh/sync.ts FOLDER TARGET MANIFEST`. What is there with
 * the right checksum is not sent; a rerun after a cut goes on. Prints the result as JSON.
 */
import { join } from "node:path";
import { UserError } from "../../domain/errors.ts";
import { quote } from "../../domain/shell.ts";
import { formatBytes } from "../../domain/units.ts";
import { connectOptions, note, runEntry } from "./entry.ts";
import { readManifest } from "./manifest.ts";
import { progressLine } from "./progress.ts";
import { RESTART_MS, waitForSsh } from "./wait.ts";

await runEntry(async (signal) => {
  const [source, target, manifestFile] = process.argv.slice(2);
  if (!source || !target || !manifestFile)
    throw new UserError("UsageError", { reason: "usage: sync.ts FOLDER TARGET MANIFEST" }, { exitCode: 2 });
  const cacheFile = join(process.env.WINDLASS_HOME ?? ".windlass", "manifest-cache.json");
  const manifest = readManifest(source, cacheFile);
  const odd = manifest.files.find((file) => /[\n\\]/.test(file.path));
  if (odd)
    throw new UserError("TransferFailed", {
      reason: `${JSON.stringify(odd.path)}: line breaks and backslashes cannot be sent`,
      suggestion: "rename the file",
    });
  const ssh = await waitForSsh({ ...connectOptions(process.env), signal, totalMs: RESTART_MS });
  try {
    const result = await ssh.put(source, target, {
      cacheFile,
      signal,
      onProgress: (progress) => note(progressLine(progress)),
    });
    const lines = manifest.files.map((file) => `${file.sha256}  ${file.path}\n`).join("");
    const folder = quote(manifestFile.slice(0, manifestFile.lastIndexOf("/")));
    const kept = await ssh.exec(`mkdir -p ${folder} && cat >${quote(manifestFile)}`, { stdin: lines, signal });
    if (kept.code !== 0)
      throw new UserError("TransferFailed", {
        reason: `${manifestFile}: ${kept.stderr.trim()}`,
        suggestion: "see whether the node's disk is full",
      });
    note(
      `${result.sentFiles} of ${result.files} files sent, ${formatBytes(result.sentBytes)} of ${formatBytes(result.bytes)}`,
    );
    process.stdout.write(`${JSON.stringify({ files: result.files, bytes: result.bytes, digest: result.digest })}\n`);
  } finally {
    await ssh.close();
  }
});
