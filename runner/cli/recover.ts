import type { Command } from "commander";
import { openNodeStack } from "../lifecycle/open-node-stack.ts";
import { type NodeRecovery, recoverNode } from "../lifecycle/recover-node.ts";
import { type RecoverResult, recover } from "../recover.ts";
import { type CommonOptions, stackCommand, targetOptions } from "./options.ts";
import { print, printJson } from "./output.ts";
import { kindOf } from "./reporter.ts";
import { withSession } from "./session.ts";

export default function command(): Command {
  return stackCommand("recover")
    .option("--dry-run", "only show what would be done")
    .option("--break-lock", "also remove locks made on another machine: only when that machine is gone")
    .addHelpText(
      "after",
      `
After a kill or a power cut: removes locks of dead processes, takes objects that were made and not noted into the state,
deletes those that were made twice. windlass up does this by itself. A stop or a resume of a node that was killed is finished.

Examples:
  $ windlass recover --dry-run
  $ windlass recover`,
    )
    .action(async (options: CommonOptions & { breakLock?: boolean }) => {
      const flags = { dryRun: options.dryRun === true, breakLock: options.breakLock === true };
      const { result, node } = await withSession(async (session) => {
        const all = { ...targetOptions(options), ...session };
        const recovered = await recover({ ...all, ...flags });
        // A dry run leaves the state as it is, and an unrecovered one cannot be opened.
        if (flags.dryRun && recovered.needed) return { result: recovered, node: null };
        const lease = { dryRun: flags.dryRun, breakLease: flags.breakLock };
        return { result: recovered, node: await recoverNode(await openNodeStack(all), { ...session, ...lease }) };
      });
      if (options.json) printJson({ ...result, node });
      else show(result, node, flags.dryRun);
    });
}

function show(result: RecoverResult, node: NodeRecovery | null, dryRun: boolean): void {
  if (node?.unfinished) print(`The ${node.unfinished} of ${node.node} ${dryRun ? "would be" : "is"} finished.`);
  if (!result.needed) {
    if (!node?.unfinished) print(`Stack ${result.stack} needs no recovery.`);
    return;
  }
  print(`Stack ${result.stack}${dryRun ? ", would be done" : ""}:`);
  for (const { pid, host, since } of result.locks)
    print(`  lock of process ${pid} on ${host} (since ${since}) removed`);
  for (const { type, name, id } of result.adopted) print(`  adopted ${kindOf(type)} ${name} (${id})`);
  for (const { type, name, operation, why } of result.dropped)
    print(`  ${operation} ${kindOf(type)} ${name} forgotten: ${why}`);
  for (const { kind, id, name } of result.removed) print(`  removed ${kind} ${name} (${id}), made twice`);
  print(`Next: windlass up --stack ${result.stack}`);
}
