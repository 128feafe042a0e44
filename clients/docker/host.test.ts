import { expect, test } from "vitest";
import { onDockerHost } from "./host.ts";

test("a script runs where the engine is: here, for a socket", async () => {
  const address = { host: "unix:///var/run/docker.sock" };
  expect(await onDockerHost(address, 'for word in one "two  three"; do echo "$word"; done')).toMatchObject({
    stdout: "one\ntwo  three\n",
    code: 0,
  });
  expect(await onDockerHost(address, "no-such-program-here 2> /dev/null")).toMatchObject({ stdout: "", code: 127 });
});

test("tcp leads to the engine and no further", async () => {
  expect(await onDockerHost({ host: "tcp://nas:2376" }, "echo here")).toBeUndefined();
});
