import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { hostCommand } from "./host-command.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "host-command-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const local = { host: "unix:///var/run/docker.sock" };

test("on this machine no shell reads the words, and a failure is a result", async () => {
  expect(await hostCommand(local, ["printf", "%s|", "a b", "$HOME; x"], 5000)).toMatchObject({
    code: 0,
    stdout: "a b|$HOME; x|",
  });
  expect(await hostCommand(local, ["sh", "-c", "echo why >&2; exit 3"], 5000)).toEqual({
    code: 3,
    stdout: "",
    stderr: "why\n",
  });
  expect(await hostCommand(local, ["no-such-program"], 5000)).toMatchObject({
    code: 127,
    stderr: "no-such-program: not found",
  });
});

test("what does not end is ended", async () => {
  await expect(hostCommand(local, ["sleep", "60"], 100)).rejects.toThrow(/sleep .*did not end within 0\.1 s/);
});

test("over ssh each word arrives as it is", async () => {
  // As sshd does it: the last word goes to a shell.
  writeFileSync(join(folder, "ssh"), '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n');
  chmodSync(join(folder, "ssh"), 0o755);
  vi.stubEnv("PATH", `${folder}${delimiter}${process.env.PATH}`);
  const remote = { host: "ssh://root@nas" };
  const words = ["a b", "$HOME; x", "it's", "&&"];
  expect((await hostCommand(remote, ["printf", "%s|", ...words], 5000)).stdout).toBe(`${words.join("|")}|`);
  expect(await hostCommand(remote, ["sh", "-c", "exit 4"], 5000)).toMatchObject({ code: 4 });
  await expect(
    hostCommand(remote, ["sh", "-c", "echo Host key verification failed. >&2; exit 255"], 5000),
  ).rejects.toThrow(/ssh:\/\/root@nas: the host key is not known here/);
});

test("a line that breaks is told with what ssh said last", async () => {
  writeFileSync(join(folder, "ssh"), "#!/bin/sh\necho one >&2; echo no route >&2; exit 255\n", { mode: 0o755 });
  vi.stubEnv("PATH", `${folder}${delimiter}${process.env.PATH}`);
  await expect(hostCommand({ host: "ssh://nas" }, ["df"], 5000)).rejects.toThrow(
    /ssh:\/\/nas cannot be reached: no route;/,
  );
});

test("an engine at a TCP port has no way in", () => {
  expect(() => hostCommand({ host: "tcp://nas:2376" }, ["df"], 5000)).toThrow(/name the engine as ssh:/);
});
