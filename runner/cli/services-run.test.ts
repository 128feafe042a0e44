import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { buildProgram } from "./program.ts";
import { stateLines } from "./services-ps.ts";
import { doneLine } from "./services-up.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "services-cli-"));
  vi.stubEnv("WINDLASS_HOME", join(folder, "home"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

async function run(...words: string[]): Promise<void> {
  const program = await buildProgram(["services", ...words]);
  await program.parseAsync(["services", ...words], { from: "user" });
}

test.each([["up"], ["down"], ["restart", "shop"]])(
  "%s changes things, so without a terminal it wants --yes",
  async (...words) => {
    await expect(run(...words)).rejects.toMatchObject({ code: "UsageError", exitCode: 2 });
  },
);

test.each(["ps", "logs"])("%s of a name that nobody knows says what there is", async (command) => {
  await expect(run(command, "nothing-here")).rejects.toMatchObject({
    code: "NotFound",
    details: { reason: expect.stringContaining("nothing-here") },
  });
});

test("what cannot be run is refused with its place, before the engine is asked", async () => {
  const file = join(folder, "compose.yaml");
  writeFileSync(
    file,
    "services:\n  web:\n    image: a\n    command: [a, '']\n  db:\n    image: a\n    ports: [80:80]\n  api:\n    image: a\n    ports:\n      - 80:81\n",
  );
  const error = run("up", file, "--yes", "--host", "unix:///nowhere.sock");
  await expect(error).rejects.toMatchObject({
    code: "ConfigInvalid",
    details: {
      reason: `${file}:4: services.web.command: the Pulumi provider for Docker takes no empty word`,
      also: [
        expect.stringContaining(`${file}:7: services.db.ports.0: api is published on port 80 of the host already`),
      ],
    },
  });
});

test("a table of what runs, with what is missing", () => {
  const lines = stateLines([
    {
      name: "db",
      container: "shop-db-1",
      image: "a",
      state: "exited",
      health: null,
      status: "Exited (1) 2 seconds ago",
      standIn: true,
      ports: [],
    },
    {
      name: "web",
      container: null,
      image: "b",
      state: "missing",
      health: null,
      status: "",
      standIn: false,
      ports: [{ published: 80, ip: "::", target: 81, protocol: "tcp", wanted: "79" }],
    },
  ]);
  expect(lines.slice(1)).toEqual([
    "db       shop-db-1  Exited (1) 2 seconds ago  -       -                         a (stand-in)",
    "web      -          missing                   -       [::]:80->81/tcp (for 79)  b",
  ]);
});

test("what was done, in words", () => {
  expect(doneLine({ create: 0, update: 1, replace: 2, delete: 0, same: 3 })).toBe(
    "1 changed, 2 made anew, 3 as they were",
  );
  expect(doneLine({ create: 0, update: 0, replace: 0, delete: 0, same: 0 })).toBe("nothing to do");
});

test("how often it was started again, and how it ended before", () => {
  const about = { container: "c", image: "a", health: null, ports: [] };
  const at = "2026-01-02T03:04:05.678Z";
  const cells = stateLines([
    {
      ...about,
      name: "a",
      state: "running",
      status: "Up 1 second",
      standIn: false,
      restarts: 2,
      lastExit: { at, code: 137, outOfMemory: false },
    },
    {
      ...about,
      name: "b",
      state: "exited",
      status: "Exited (7)",
      standIn: false,
      restarts: 3,
      lastExit: { at, code: 7, outOfMemory: true },
    },
    {
      ...about,
      name: "c",
      state: "running",
      status: "Up 1 second",
      standIn: false,
      restarts: 0,
      lastExit: { at, code: 0, outOfMemory: false },
    },
  ]).map((line) => line.split(/ {2,}/)[2]);
  expect(cells.slice(1)).toEqual([
    "running, restarted 2 x, last exit 137 at 2026-01-02T03:04:05Z",
    "Exited (7), restarted 3 x, out of memory",
    "running",
  ]);
});
