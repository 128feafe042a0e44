import { z } from "zod";

/** `node-1`, `ghcr.io/OWNER/REPOSITORY/FEATURE:VERSION`. */
const FEATURE = /^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._-]+){2,}(:[\w.-]+)?$/;

const command = z.union([z.string().min(1), z.array(z.string()).min(1)]);
const commands = z.union([command, z.record(z.string(), command)]);
const port = z.union([z.int().min(0).max(65_535), z.string().regex(/^[a-z0-9-]+:\d{1,5}$/, "must be SERVICE:PORT")]);

/**
 * What a `devcontainer.json` for a Compose file may hold (https://containers.dev/implementors/json_reference/). Keys that are not known are refused:
 * editors ignore them in silence.
 */
export const devcontainerSchema = z.strictObject({
  name: z.string().min(1),
  dockerComposeFile: z.union([z.string().min(1), z.array(z.string()).min(1)]),
  service: z.string().min(1),
  runServices: z.array(z.string()).optional(),
  workspaceFolder: z.string().startsWith("/"),
  shutdownAction: z.enum(["none", "stopCompose"]).optional(),
  overrideCommand: z.boolean().optional(),
  remoteUser: z.string().optional(),
  containerUser: z.string().optional(),
  updateRemoteUserUID: z.boolean().optional(),
  remoteEnv: z.record(z.string(), z.string().nullable()).optional(),
  features: z
    .record(
      z.string().regex(FEATURE, "must be a feature such as ghcr.io/devcontainers/features/git:1"),
      z.record(z.string(), z.union([z.string(), z.boolean()])),
    )
    .optional(),
  forwardPorts: z.array(port).optional(),
  portsAttributes: z.record(z.string(), z.looseObject({ label: z.string().optional() })).optional(),
  onCreateCommand: commands.optional(),
  updateContentCommand: commands.optional(),
  postCreateCommand: commands.optional(),
  postStartCommand: commands.optional(),
  postAttachCommand: commands.optional(),
  customizations: z.record(z.string(), z.looseObject({})).optional(),
});

export type Devcontainer = z.infer<typeof devcontainerSchema>;
