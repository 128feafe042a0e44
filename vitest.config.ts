import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["**/*.test.ts"],
          exclude: ["**/node_modules/**", ".tools/**", ".windlass/**", "tests/**"],
          env: { PULUMI_ERROR_OUTPUT_STRING: "true" },
        },
      },
      ...["engine", "docker", "faults"].map((name) => ({
        test: {
          name,
          include: [`tests/${name}/**/*.test.ts`],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      })),
    ],
  },
});
