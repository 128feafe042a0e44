import { defineConfig } from "vitest/config";

const globalSetup = ["tests/temporary-folder.ts"];
const env = { PULUMI_ERROR_OUTPUT_STRING: "true", NO_COLOR: "1" };

/** Suites that cross folders, slowest last; each runs its files one after the other: two cores, one Docker engine. */
const suites = ["engine", "docker", "faults"];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["**/*.test.ts"],
          exclude: ["**/node_modules/**", ".tools/**", ".windlass/**", "tests/**"],
          env,
          globalSetup,
        },
      },
      ...suites.map((name) => ({
        test: {
          name,
          include: [`tests/${name}/**/*.test.ts`],
          env,
          globalSetup,
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      })),
    ],
  },
});
