import { z } from "zod";

/** Shapes that many keys of a Compose file share. Extension keys (`x-...`) are taken out before anything is checked. */

export const text = z.string();
export const flag = z.union([z.boolean(), z.string()]);
export const whole = z.union([z.int(), z.string()]);
export const number = z.union([z.number(), z.string()]);
export const texts = z.array(z.string());
export const textOrTexts = z.union([z.string(), texts]);
export const object = z.strictObject;

/** A list in which nothing stands twice. */
export const distinctTexts = texts.superRefine((items, context) => {
  for (const [index, item] of items.entries())
    if (items.indexOf(item) < index)
      context.addIssue({ code: "custom", path: [index], message: `${item} stands here twice` });
});

const single = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** `KEY: value` or `- KEY=value`. */
export const pairs = z.union([z.record(z.string(), single), distinctTexts]);

/** Options that are handed on as they are. */
export const options = z.record(z.string(), z.union([z.string(), z.number()]));

export const name = z
  .string()
  .regex(/^[a-zA-Z0-9._-]+$/, "a name has only letters, digits, dots, hyphens and underscores");

export const named = <T extends z.ZodType>(value: T) => z.record(name, value);

export const command = z.union([z.null(), z.string(), texts]);

export const hosts = z.union([z.record(z.string(), z.union([z.string(), texts])), distinctTexts]);

export const hook = object({
  command,
  user: text.optional(),
  privileged: flag.optional(),
  working_dir: text.optional(),
  environment: pairs.optional(),
});

export const mounts = z.array(
  z.union([
    z.string(),
    object({
      source: text.optional(),
      target: text.optional(),
      uid: text.optional(),
      gid: text.optional(),
      mode: number.optional(),
    }),
  ]),
);

export const ulimits = z.record(
  z.string().regex(/^[a-z]+$/, "a limit has a name of small letters, such as nofile"),
  z.union([z.int(), z.string(), object({ hard: whole, soft: whole })]),
);

const deviceRequest = {
  capabilities: texts,
  count: whole.optional(),
  device_ids: texts.optional(),
  driver: text.optional(),
  options: pairs.optional(),
};

export const deviceRequests = z.array(object(deviceRequest));

export const gpuRequests = z.union([
  z.literal("all"),
  z.array(object({ ...deviceRequest, capabilities: texts.optional() })),
]);
