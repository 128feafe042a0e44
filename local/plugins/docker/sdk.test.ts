import { expect, test } from "vitest";
import { testAgainstSdk } from "../testing/sdk.ts";
import { TYPES } from "./types.ts";

const types = testAgainstSdk("@pulumi/docker", TYPES.values(), (type) => type.outputs);

/**
 * Inputs that the official plugin 5.2.0 changes in place, or keeps in the state only: those without ForceNew in the schema of
 * terraform-provider-docker. Everything else replaces.
 */
const IN_PLACE: Record<string, string[]> = {
  Container: [
    ...["attach", "containerReadRefreshTimeoutMilliseconds", "destroyGraceSeconds", "logs", "maxRetryCount", "mustRun"],
    ...["removeVolumes", "restart", "start", "wait", "waitTimeout"],
    ...["cpuPeriod", "cpuQuota", "cpuSet", "cpuShares", "memory", "memoryReservation", "memorySwap"],
  ],
  Image: ["build", "buildOnPreview", "imageName", "registry", "skipPush"],
  Network: [],
  RegistryImage: ["authConfig", "insecureSkipVerify", "keepRemotely"],
  RemoteImage: ["forceRemove", "keepLocally"],
  Tag: [],
  Volume: [],
};

test.each(types)("%s is replaced by a change of what the official plugin replaces it for", (name, type) => {
  const inPlace = Object.entries(type.inputs)
    .filter(([, { replaces }]) => !(typeof replaces === "function" ? replaces(1, 2) : replaces))
    .map(([key]) => key);
  expect(inPlace.sort()).toEqual([...(IN_PLACE[name] ?? [])].sort());
});

test("a limit that is taken away makes a new container: the engine cannot take it back", () => {
  const { replaces } = TYPES.get("docker:index/container:Container")?.inputs.memory ?? {};
  expect(
    typeof replaces === "function" && [replaces(64, undefined), replaces(64, 32), replaces(undefined, 32)],
  ).toEqual([true, false, false]);
});
