import { z } from "zod";
import { isUnknown, type Values } from "../../domain/cost/inputs.ts";
import { type FoundSecret, findSecrets, secretValue } from "../../domain/secrets.ts";
import { resourceRule } from "../rule.ts";
import { cloudConfig, type Document, DROPLET_TYPES, documents, dropletInputs, placeOf } from "../user-data.ts";

/** Parts of an app that DigitalOcean keeps encrypted and never shows again. */
const KEPT_SECRET = new Set(["registryCredentials", "logDestinations"]);

export const rule = resourceRule({
  id: "no-secrets-in-user-data",
  title: "user data and open variables of apps hold no secrets",
  reason:
    "Every process of a droplet can read its user data at http://169.254.169.254, it cannot be changed while the droplet lives, and it stands in the stack's state (docs.digitalocean.com: metadata; provider docs: userData). Variables of type GENERAL are shown in the control panel and in every copy of the app's spec.",
  fix: "fetch the secret when the machine has started (scp, Vault, a Spaces address that ends soon); in an app give the variable type SECRET, or bind it as ${db.DATABASE_URL}; name other resources in user data by names that are known before the update, or exempt the droplet",
  severity: "critical",
  types: [...DROPLET_TYPES, "app"],
  settings: z.object({}),
  judge(resource) {
    if (resource.type.endsWith(":App")) return appSecrets(resource.inputs.spec, "spec");
    const inputs = dropletInputs(resource);
    if (!inputs) return ["dropletTemplate is not known before the update"];
    const { userData } = inputs.values;
    if (isUnknown(userData)) return [`${inputs.path}userData is not known before the update, and may hold a secret`];
    return typeof userData === "string" ? userDataSecrets(userData, `${inputs.path}userData`) : [];
  },
});

function userDataSecrets(userData: string, path: string): string[] {
  const found = documents(userData).flatMap((document) =>
    document.tooLarge
      ? [`${path} packs more than 1 MiB, which is not read (${placeOf(document, 1)})`]
      : [...findSecrets(document.text), ...listedPasswords(document)].map(
          ({ kind, line }) => `${path} holds ${kind} (${placeOf(document, line)})`,
        ),
  );
  return [...new Set(found)];
}

/** `user:password` in the list of cloud-init's chpasswd; RANDOM and R make it draw one. */
function listedPasswords(document: Document): FoundSecret[] {
  const chpasswd = cloudConfig(document)?.chpasswd as Values | null | undefined;
  const list = chpasswd?.list;
  const entries = (Array.isArray(list) ? list : String(list ?? "").split("\n")).map(String);
  const given = entries.filter((entry) => /^[^:\s]+:(?!R$|RANDOM$|\$|\{\{|<)\S/.test(entry.trim()));
  const lines = document.text.split("\n");
  return given.map((entry) => ({
    kind: "a password for chpasswd",
    line:
      1 +
      Math.max(
        0,
        lines.findIndex((line) => line.includes(entry.trim())),
      ),
  }));
}

/** Everything that is written in an app's spec but its variables of type SECRET. */
function appSecrets(value: unknown, path: string): string[] {
  if (path === "spec" && isUnknown(value)) return ["spec is not known before the update, and may hold a secret"];
  if (typeof value === "string") return findSecrets(value).map(({ kind }) => `${path} holds ${kind}`);
  if (Array.isArray(value)) {
    const judge = path.endsWith("envs") ? variableSecrets : appSecrets;
    return value.flatMap((one, index) => judge(one, `${path}[${index}]`));
  }
  if (typeof value !== "object" || value === null) return [];
  const parts = Object.entries(value).filter(([key]) => !KEPT_SECRET.has(key));
  return parts.flatMap(([key, part]) =>
    key === "envs" && isUnknown(part)
      ? [`${path}.envs is not known before the update, and may hold a secret`]
      : appSecrets(part, `${path}.${key}`),
  );
}

function variableSecrets(variable: unknown, path: string): string[] {
  if (isUnknown(variable)) return [`${path} is not known before the update, and may hold a secret`];
  const { key, value, type } = (variable ?? {}) as Values;
  if (type === "SECRET") return [];
  const name = typeof key === "string" && !isUnknown(key) ? `${path} (${key})` : path;
  if (isUnknown(value)) return [`${name} is of type GENERAL, and its value is not known before the update`];
  const kind = typeof value === "string" ? secretValue(String(key ?? ""), value) : undefined;
  return kind ? [`${name} is of type GENERAL and holds ${kind}`] : [];
}
