import { createRequire } from "node:module";
import type DockerClient from "dockerode";

const own = createRequire(import.meta.url);
const dockerodes = createRequire(own.resolve("dockerode"));

// gRPC is there for the sessions of BuildKit, ssh2 for a way over ssh that is not taken here: loading them takes longer than all the rest.
for (const part of ["./session", "docker-modem/lib/ssh"]) whenCalled(dockerodes.resolve(part));

/** The client of Docker's API. */
export const Docker = own("dockerode") as typeof DockerClient;

/** Loads a module, which exports a function, as soon as that is called. */
function whenCalled(path: string): void {
  if (own.cache[path]) return;
  const call = (...args: unknown[]): unknown => {
    delete own.cache[path];
    return (own(path) as (...args: unknown[]) => unknown)(...args);
  };
  own.cache[path] = { id: path, filename: path, loaded: true, exports: call } as NodeJS.Module;
}
