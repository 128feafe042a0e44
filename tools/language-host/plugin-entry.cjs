/**
 * The body of the SDK's `cmd/run-plugin` without its ts-node: Node strips the types itself.
 * Arguments: path of the SDK's `cmd/run-plugin/run`, then the plugin's folder, then what the engine passes on.
 */
require("../../runner/engine/lazy-resolver.cjs");

const [sdkRun, directory, ...args] = process.argv.slice(2);
const reported = new Set();
const uncaught = new Set();

for (const event of ["uncaughtException", "unhandledRejection"]) process.on(event, (error) => uncaught.add(error));
process.on("exit", (code) => {
  if (code !== 0 || uncaught.size === 0) return;
  process.exitCode = [...uncaught].every((error) => reported.has(error)) ? 32 : 1;
});

require(sdkRun).run({
  argv: { _: [directory, ...args] },
  programStarted: () => {},
  reportLoggedError: (error) => reported.add(error),
  typeScript: false,
});
