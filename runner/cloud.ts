import { join } from "node:path";
import { type ClientOptions, type DigitalOcean, digitalOcean } from "../clients/digitalocean/index.ts";
import { UserError } from "../domain/errors.ts";
import { accountToken, accountUrl, engineEnvironment } from "./engine.ts";
import type { Target } from "./target.ts";

/** A client of the cloud that the target is on. Throws `PrecheckFailed` when there is no token, `LocalCloudFailed` when there is no cloud. */
export async function openCloud(
  target: Target,
  options: Pick<ClientOptions, "signal" | "timeoutSeconds" | "retryDelaysMs"> = {},
): Promise<DigitalOcean> {
  const url = accountUrl(target.cloud, target.home);
  if (target.cloud === "local" && !url) {
    throw new UserError("LocalCloudFailed", {
      reason: "the local cloud is not running",
      suggestion: "run: windlass local start",
    });
  }
  const token = accountToken(target.cloud, target.home) ?? (await configuredSecret(target, "digitalocean:token"));
  if (!token) {
    throw new UserError("PrecheckFailed", {
      reason: "no DigitalOcean token was found",
      suggestion: "export DIGITALOCEAN_TOKEN, or run: pulumi config set --secret digitalocean:token",
    });
  }
  return digitalOcean({ token, ...(url ? { url } : {}), ...options });
}

/** A secret of the stack's config under its full key (`digitalocean:token`): encrypted, so Pulumi has to be asked. */
export async function configuredSecret(target: Target, key: string): Promise<string | undefined> {
  if (!target.config.secrets.includes(key)) return undefined;
  const { pulumiCommand } = await import("./engine/command.ts");
  const command = await pulumiCommand(target.root, {
    home: target.home,
    logFile: join(target.home, "log", "config.log"),
  });
  const words = ["config", "get", key, "--stack", target.stack];
  return (await command.run(words, target.root, engineEnvironment(target))).stdout.trim();
}
