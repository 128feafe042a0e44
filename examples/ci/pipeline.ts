/**
 * `node examples/ci/pipeline.ts preview|update STACK COMMENT_FILE`: the runner as a library, in a pipeline. Progress
 * goes to standard error, the comment for the reviewer to the file. Exit codes are Windlass's own: 0 done, 1 failed,
 * 2 wrong usage, 3 refused by policy or budget.
 */
import { writeFileSync } from "node:fs";
import { type ProgressEvent, preview, UserError, up } from "../../runner/index.ts";
import { planComment, resultComment } from "./comment.ts";

const [command, stack, file] = process.argv.slice(2);
if ((command !== "preview" && command !== "update") || !stack || !file) {
  process.stderr.write("usage: node examples/ci/pipeline.ts preview|update STACK COMMENT_FILE\n");
  process.exit(2);
}

/** A job that is cancelled finishes and saves what is in flight; the next run goes on from there. */
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());

function onEvent(event: ProgressEvent): void {
  if (event.kind === "resource") process.stderr.write(`${event.action} ${event.name}: ${event.state}\n`);
  if (event.kind === "phase") process.stderr.write(`${event.text}\n`);
  if (event.kind === "check") process.stderr.write(`${event.check.state}: ${event.check.name}: ${event.check.text}\n`);
}

try {
  const options = { stack, onEvent, signal: stop.signal };
  if (command === "preview") {
    const plan = await preview(options);
    writeFileSync(file, planComment(plan));
    process.exitCode = plan.policy.violations.length > 0 ? 3 : 0;
  } else {
    writeFileSync(
      file,
      resultComment(await up({ ...options, message: process.env.CI_COMMIT_SHA ?? process.env.GITHUB_SHA })),
    );
  }
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  const text = JSON.stringify(error.toJSON(), null, 2);
  writeFileSync(file, `### windlass: \`${stack}\` failed\n\`\`\`json\n${text}\n\`\`\`\n`);
  process.stderr.write(`${text}\n`);
  process.exitCode = error.exitCode;
}
