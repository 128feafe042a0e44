import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openEngine } from "../../clients/docker/engine.ts";
import { type Cleaned, clean } from "./clean.ts";
import { maintenanceCron, maintenanceTimers } from "./units.ts";

let folder: string;
let server: Server;
let removed: string[];
let images: object[];
const NOW = Date.UTC(2026, 5, 1);
const DAY = 86_400;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "clean-"));
  removed = [];
  server = createServer(({ method, url = "" }, response) => {
    const path = url.split("?")[0] ?? "";
    if (method === "DELETE") removed.push(decodeURIComponent(path.replace("/images/", "")));
    const busy = method === "DELETE" && path.includes("busy");
    response.writeHead(busy ? 409 : 200, { "content-type": "application/json" });
    response.end(
      JSON.stringify(
        path === "/containers/json"
          ? [{ ImageID: "sha256:used" }]
          : path === "/images/json"
            ? images
            : busy
              ? { message: "in use" }
              : [],
      ),
    );
  }).listen(join(folder, "docker.sock"));
  await new Promise((done) => server.once("listening", done));
});
afterEach(async () => {
  await new Promise((done) => server.close(done));
  rmSync(folder, { recursive: true });
});

const image = (Id: string, RepoTags: string[] | null, RepoDigests: string[] | null, days = 30) => ({
  ...{ Id: `sha256:${Id}`, RepoTags, RepoDigests, Size: 1000, Created: NOW / 1000 - days * DAY },
});

async function run(dryRun = false): Promise<Cleaned[]> {
  const address = { host: `unix://${join(folder, "docker.sock")}` };
  const options = {
    docker: openEngine(address),
    address,
    kinds: ["unused-images"] as const,
    containers: [],
    dryRun,
    now: NOW,
  };
  const gone: Cleaned[] = [];
  for await (const one of clean(options)) gone.push(one);
  return gone;
}

test("of images with a name only those go that a registry has, that no container uses, and that are a week old", async () => {
  images = [
    image("used", ["web:1"], ["web@sha256:1"]),
    image("pulled", ["old:1", "old:2"], ["old@sha256:2"]),
    image("young", ["new:1"], ["new@sha256:3"], 6),
    image("built", ["mine:1"], null),
    image("untagged", ["<none>:<none>"], ["gone@sha256:4"]),
    image("busy", ["busy:1"], ["busy@sha256:5"]),
    image("nameless", ["<none>:<none>"], ["<none>@<none>"]),
  ];
  expect((await run(true)).map(({ name }) => name)).toEqual(["old:1", "gone@sha256:4", "busy:1"]);
  expect(removed).toEqual([]);
  expect((await run()).map(({ name }) => name)).toEqual(["old:1", "gone@sha256:4"]);
  expect(removed).toEqual(["old:1", "old:2", "gone@sha256:4", "busy:1"]);
});

test("timers and lines of cron run both lists without a question", () => {
  const unit = { program: "/opt/windlass/windlass", user: "ops", home: "/srv/state" };
  const systemd = maintenanceTimers(unit);
  for (const list of ["daily", "weekly"]) {
    expect(systemd).toContain(`# /etc/systemd/system/windlass-maintenance-${list}.timer`);
    expect(systemd).toContain(`ExecStart=/opt/windlass/windlass maintenance ${list} --yes --json\n`);
  }
  expect(maintenanceCron(unit).split("\n").slice(1, 3)).toEqual([
    "0 3 * * * ops WINDLASS_HOME=/srv/state /opt/windlass/windlass maintenance daily --yes --json >>/srv/state/maintenance.log 2>&1",
    "0 4 * * 0 ops WINDLASS_HOME=/srv/state /opt/windlass/windlass maintenance weekly --yes --json >>/srv/state/maintenance.log 2>&1",
  ]);
});
