import { expect, test } from "vitest";
import { LOG_SIZE, withLogRotation } from "./log-rotation.ts";
import type { ContainerSettings, StackPlan } from "./spec.ts";

const plan = (...settings: ContainerSettings[]) =>
  ({ containers: settings.map((one) => ({ settings: one })) }) as StackPlan;
const settings = ({ containers }: StackPlan) => containers.map((one) => one.settings);

test("logs are bounded where the file says nothing of them", () => {
  const own = [{ logDriver: "journald" }, { logOpts: { tag: "web" } }];
  expect(settings(withLogRotation(plan({ user: "me" }, ...own), { maxSize: "10m", maxFiles: 3 }))).toEqual([
    { user: "me", logDriver: "json-file", logOpts: { "max-size": "10m", "max-file": "3" } },
    ...own,
  ]);
});

test("without the setting containers are as Compose makes them", () => {
  const given = plan({});
  expect(withLogRotation(given, undefined)).toBe(given);
});

test("sizes", () => {
  expect(["10m", "1G", "512k", "100"].every((size) => LOG_SIZE.test(size))).toBe(true);
  expect(["0", "10 m", "10mb", "", "-1"].some((size) => LOG_SIZE.test(size))).toBe(false);
});
