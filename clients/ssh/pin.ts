/**
 * Makes the first contact with a new machine: waits until ssh answers and lets the key in, then prints the host key line, which
 * the stack keeps and holds every later contact to. Run by a stack as a local command: `node clients/ssh/pin.ts`.
 */
import { formatDuration } from "../../domain/units.ts";
import { connectOptions, note, runEntry } from "./entry.ts";
import { waitForSsh } from "./wait.ts";

/** Reports of waiting come at most this often, in milliseconds. */
const REPORT_EVERY = 5000;

await runEntry(async (signal) => {
  let reported = 0;
  const ssh = await waitForSsh({
    ...connectOptions(process.env),
    totalMs: Number(process.env.WINDLASS_SSH_WAIT_SECONDS ?? 300) * 1000,
    onFirstContact: () => true,
    signal,
    onTry: (error, elapsed) => {
      if (elapsed - reported < REPORT_EVERY) return;
      reported = elapsed;
      note(`waiting for ssh on ${process.env.WINDLASS_SSH_HOST} (${formatDuration(elapsed)}): ${error.details.reason}`);
    },
  });
  process.stdout.write(`${ssh.hostKey}\n`);
  await ssh.close();
});
