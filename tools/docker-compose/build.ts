import { buildGoProgram } from "../go-program.ts";

/** Milliseconds for the first build, on a machine that has other work. */
export const BUILD_TIMEOUT_MS = 1_200_000;

/**
 * The reference that Compose files are compared with in tests: `docker-compose` 2.40.3 (three minutes on two cores). It is no part of
 * Windlass.
 */
export function buildDockerCompose(): Promise<string> {
  return buildGoProgram({
    name: "docker-compose",
    purpose: "the reference for Compose files",
    folder: "docker-compose",
    main: "github.com/docker/compose/v2/cmd",
    go: "1.25",
  });
}

if (import.meta.main) process.stdout.write(`${await buildDockerCompose()}\n`);
