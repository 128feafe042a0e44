import { join } from "node:path";
import { defineConfig } from "vitest/config";

const globalSetup = ["tests/temporary-folder.ts"];
/** Those whose machines and services a killed run leaves in the Docker engine. */
const withDeadRuns = [...globalSetup, "tests/dead-runs.ts"];
const env = {
  PULUMI_ERROR_OUTPUT_STRING: "true",
  NO_COLOR: "1",
  // For the processes that tests start: each of their projects would compile everything anew.
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(import.meta.dirname, ".tools", "compile-cache"),
};

/**
 * Suites that cross folders, and how many of their files run at a time: they mostly wait, and each has a cloud, a state and names of its own.
 */
const suites = { engine: 2, docker: 2, faults: 2, conformance: 2 };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          // Many start programs, which takes its time on a machine with other work.
          testTimeout: 20_000,
          hookTimeout: 20_000,
          expect: { poll: { timeout: 15_000 } },
          include: ["**/*.test.ts"],
          exclude: ["**/node_modules/**", ".tools/**", ".windlass/**", "tests/**"],
          env,
          globalSetup,
        },
      },
      ...Object.entries(suites).map(([name, maxWorkers]) => ({
        test: {
          name,
          include: [`tests/${name}/**/*.test.ts`],
          env,
          globalSetup: name === "docker" ? [...withDeadRuns, "tests/docker/droplet-images.ts"] : withDeadRuns,
          // Long: on a machine that runs two suites at once, everything takes its time.
          testTimeout: 600_000,
          hookTimeout: 900_000,
          maxWorkers,
        },
      })),
    ],
  },
});
