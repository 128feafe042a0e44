/**
 * `make clean`: stops the local cloud, removes what it holds, then `.windlass` (state, keys, volumes) and `.tools`.
 * While a stack or the local cloud still has something it refuses, unless FORCE=1 is given.
 */
import { existsSync, globSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { localCloudStatus, resetLocalCloud, startLocalCloud, stopLocalCloud } from "../runner/local-cloud.ts";
import { stopDockerd } from "../runner/toolchain/dockerd.ts";
import { thisHost } from "../runner/toolchain/host.ts";

const host = thisHost();
const { home } = host;
const say = (line: string) => process.stderr.write(`windlass: ${line}\n`);

const remaining = [...stacksWithResources(), ...(await cloudObjects())];
if (remaining.length > 0 && process.env.FORCE !== "1") {
  say("error: there is still something that would be lost:");
  for (const line of remaining) say(`  ${line}`);
  say("run ./windlass down --stack NAME first (services down, tunnel down), or make clean FORCE=1 to lose it");
  process.exit(1);
}
if (existsSync(join(home, "cloud/cloud.json"))) await emptyCloud();
await stopDockerd(host);
for (const folder of [home, join(host.root, ".tools")]) {
  rmSync(folder, { recursive: true, force: true });
  say(`removed ${folder}`);
}

/** Stacks of the file backends in which the engine has made something; the state of a real account counts too. */
function stacksWithResources(): string[] {
  const folders = ["state/*", "services-state", "tunnel-state/*"].map((folder) => join(home, folder));
  return globSync(folders.map((folder) => join(folder, ".pulumi/stacks/*/*.json"))).flatMap((path) => {
    const state = JSON.parse(readFileSync(path, "utf8")) as {
      checkpoint?: { latest?: { resources?: { custom?: boolean; type: string }[] } };
    };
    const made = (state.checkpoint?.latest?.resources ?? []).filter(
      ({ custom, type }) => custom && !type.startsWith("pulumi:providers:"),
    );
    return made.length > 0
      ? [`stack ${basename(path, ".json")} of ${basename(dirname(path))}: ${made.length} resources (${path})`]
      : [];
  });
}

/** What the local cloud holds, when it runs. */
async function cloudObjects(): Promise<string[]> {
  const { objects = {} } = await localCloudStatus({ home }).catch(
    () => ({ objects: {} }) as { objects: Record<string, number> },
  );
  return Object.entries(objects)
    .filter(([kind, count]) => count > 0 && ["droplets", "volumes", "snapshots"].includes(kind))
    .map(([kind, count]) => `local cloud: ${count} ${kind}`);
}

/** Containers, networks and loop devices go only through the cloud itself: it is started for that if need be. */
async function emptyCloud(): Promise<void> {
  try {
    await startLocalCloud({ home });
    await resetLocalCloud({ home });
    await stopLocalCloud({ home });
    say("stopped the local cloud and removed what it held");
  } catch (error) {
    say(`the local cloud could not be emptied (${(error as Error).message}); its containers may be left`);
  }
}
