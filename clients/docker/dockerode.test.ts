import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { Docker } from "./dockerode.ts";

const own = createRequire(import.meta.url);
const isLoaded = (name: string) => Object.keys(own.cache).some((path) => path.includes(`/node_modules/${name}/`));

test("a client loads neither gRPC nor ssh2, until they are called", async () => {
  new Docker({ socketPath: "/nowhere.sock" });
  expect([isLoaded("dockerode"), isLoaded("@grpc/grpc-js"), isLoaded("ssh2")]).toEqual([true, false, false]);
  const overSsh = new Docker({ protocol: "ssh", host: "127.0.0.1", port: 1, username: "nobody" });
  await expect(overSsh.ping()).rejects.toThrow();
  expect(isLoaded("ssh2")).toBe(true);
  const session = own("dockerode/lib/session") as (
    docker: object,
    auth: undefined,
    done: (error: Error) => void,
  ) => void;
  const modem = { dial: (_options: object, answer: (error: Error) => void) => answer(new Error("no engine")) };
  const failure = await new Promise<Error>((done) => session({ modem }, undefined, done));
  expect([failure.message, isLoaded("@grpc/grpc-js")]).toEqual(["no engine", true]);
});
