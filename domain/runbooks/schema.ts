import { z } from "zod";
import { ESCALATION } from "./escalation.ts";

/** Of runbooks, roles, checks, causes and parameters. */
const name = z.string().regex(/^[a-z][a-z0-9-]*$/, "must be lower-case letters, digits and hyphens");
const line = z.string().trim().min(1, "must not be empty");

/**
 * A command as words; no shell reads them. `{{NAME}}` stands for a parameter; a word `{{mounts}}` for the folders that are mounted into the
 * container, each a word.
 */
const command = z.array(z.string().min(1)).min(1);
const execSchema = z.strictObject({ in: name, command });

/** Which services of a stack are meant: by the last part of their image's name, by their own name, or because they hold a GPU. */
const roleSchema = z.strictObject({
  what: line,
  images: z.array(line).optional(),
  services: z.array(line).optional(),
  /** Every service that asks for a GPU. */
  gpu: z.boolean().optional(),
  /** Every service of the stack. */
  any: z.boolean().optional(),
  /** The stack may have none. */
  optional: z.boolean().optional(),
});

const parameterSchema = z.strictObject({ what: line, default: z.string().optional() });

const symptomSchema = z.strictObject({
  what: line,
  /** PromQL; any result is the symptom. */
  query: line,
});

/** One thing to look at; nothing is changed by it. Exactly one of the kinds. */
const checkSchema = z.strictObject({
  id: name,
  title: line,
  /** What the engine says of the containers of a role. */
  state: name.optional(),
  /** Runs in each container of a role. */
  exec: execSchema.optional(),
  /** Runs on the Docker host. */
  host: command.optional(),
  /** How full, in percent, the engine's own disk is. */
  engineDisk: z.literal(true).optional(),
  /** How full, in percent, each volume of the containers of a role is that lies elsewhere than on the engine's disk. */
  disk: name.optional(),
  /** Circuit breakers of the processes on this machine: whether all are closed. */
  breakers: z.literal(true).optional(),
  /** Whether what the open breakers guard answers again. */
  destinations: z.literal(true).optional(),
  /** Finds the number in what is printed, as its only group. @default the first number */
  value: z.string().refine(isPattern, "must be a regular expression with one group").optional(),
  timeoutSeconds: z.number().positive().default(15),
});

/** True for a check that ended so, whose number is beyond a limit, or that printed something. */
const conditionSchema = z.strictObject({
  check: name,
  is: z.enum(["ok", "failed", "unknown"]).optional(),
  above: z.number().optional(),
  below: z.number().optional(),
  matches: z.string().refine(isPattern, "must be a regular expression").optional(),
  lacks: z.string().refine(isPattern, "must be a regular expression").optional(),
});

const causeSchema = z.strictObject({
  id: name,
  title: line,
  /** All must hold for one service. */
  when: z.array(conditionSchema).min(1),
});

/** One step of a recovery. Exactly one of the kinds. */
const actionSchema = z.strictObject({
  title: line,
  /** Causes that it is for. @default all */
  for: z.array(name).optional(),
  /** Starts or restarts the containers of a role that a cause was found for, one after the other, each until it is healthy. */
  restart: name.optional(),
  /** Stops them. */
  stop: name.optional(),
  /** Makes them anew from the Compose files; volumes stay. */
  recreate: name.optional(),
  /** Not those that also play this role. */
  except: name.optional(),
  /** With `restart`: afterwards what depends on them too. */
  dependents: z.boolean().optional(),
  /** Every container of the role, also those that nothing was found for. */
  all: z.boolean().optional(),
  exec: execSchema.optional(),
  host: command.optional(),
  /** What is rebuilt or downloaded again when it is needed; volumes never. */
  clean: z
    .array(z.enum(["logs", "build-cache", "dangling-images", "unused-images"]))
    .min(1)
    .optional(),
  /** Closes the open breakers whose destination answers again. */
  resetBreakers: z.literal(true).optional(),
  /** What a person has to do. */
  manual: line.optional(),
  timeoutSeconds: z.number().positive().default(60),
});

const levelSchema = z.strictObject({ title: line, actions: z.array(actionSchema).min(1) });

const shape = z.strictObject({
  title: line,
  /** What it means for those who use the services. */
  impact: line,
  roles: z.record(name, roleSchema).default({}),
  parameters: z.record(name, parameterSchema).default({}),
  symptoms: z.array(symptomSchema).min(1),
  diagnosis: z.array(checkSchema).min(1),
  causes: z.array(causeSchema).min(1),
  /** From what does least harm to what does most. */
  levels: z.array(levelSchema).length(3, "must be three levels"),
  prevention: z.array(line).min(1),
  escalation: z
    .array(z.strictObject({ afterMinutes: z.number().positive(), to: line }))
    .length(3, "must be one for each level")
    .default([...ESCALATION]),
});

const CHECK_KINDS = ["state", "exec", "host", "engineDisk", "disk", "breakers", "destinations"] as const;
const ACTION_KINDS = ["restart", "stop", "recreate", "exec", "host", "clean", "resetBreakers", "manual"] as const;

/** A failure: how it shows, what to look at, what may be behind it, and three levels of recovery. */
export const runbookSchema = shape.superRefine((runbook, context) => {
  const tell = (path: (string | number)[], message: string) => context.addIssue({ code: "custom", path, message });
  const known = (path: (string | number)[], what: string, used: string | undefined, names: readonly string[]) => {
    if (used !== undefined && !names.includes(used))
      tell(path, `there is no ${what} ${used}; there are: ${names.join(", ")}`);
  };
  const roles = Object.keys(runbook.roles);
  const checks = runbook.diagnosis.map(({ id }) => id);
  const causes = runbook.causes.map(({ id }) => id);
  for (const [key, ids] of Object.entries({ diagnosis: checks, causes }))
    for (const [index, id] of ids.entries())
      if (ids.indexOf(id) < index) tell([key, index, "id"], `${id} is there twice`);
  const runs = (path: (string | number)[], step: Check | Action) => {
    known([...path, "exec", "in"], "role", step.exec?.in, roles);
    for (const [kind, own] of [
      ["exec", step.exec?.command],
      ["host", step.host],
    ] as const)
      own?.forEach((word, index) => {
        const at = [...path, kind, ...(kind === "exec" ? ["command"] : []), index];
        const parameters = Object.keys(runbook.parameters);
        const isMounts = kind === "exec" && word === MOUNTS;
        for (const one of isMounts ? [] : parametersIn(word)) known(at, "parameter", one, parameters);
        // What stands behind -c is a program: a value put into it could become a part of that program.
        if (own[index - 1] === "-c" && parametersIn(word).length > 0)
          tell(at, "a script takes no parameter: give it as a further word, and read it there as $1");
      });
  };
  runbook.diagnosis.forEach((check, index) => {
    const path = ["diagnosis", index];
    if (given(check, CHECK_KINDS) !== 1) tell(path, `must have exactly one of ${CHECK_KINDS.join(", ")}`);
    for (const kind of ["state", "disk"] as const) known([...path, kind], "role", check[kind], roles);
    runs(path, check);
  });
  runbook.causes.forEach(({ when }, index) => {
    for (const [at, { check }] of when.entries()) known(["causes", index, "when", at, "check"], "check", check, checks);
  });
  runbook.levels.forEach(({ actions }, level) => {
    actions.forEach((action, index) => {
      const path = ["levels", level, "actions", index];
      if (given(action, ACTION_KINDS) !== 1) tell(path, `must have exactly one of ${ACTION_KINDS.join(", ")}`);
      for (const kind of ["restart", "stop", "recreate", "except"] as const)
        known([...path, kind], "role", action[kind], roles);
      for (const [at, cause] of (action.for ?? []).entries()) known([...path, "for", at], "cause", cause, causes);
      runs(path, action);
    });
  });
});

export type RunbookFile = z.output<typeof shape>;
export type Check = RunbookFile["diagnosis"][number];
export type Action = RunbookFile["levels"][number]["actions"][number];
export type Role = RunbookFile["roles"][string];
export type Condition = RunbookFile["causes"][number]["when"][number];

/** Names in `{{...}}`. */
export function parametersIn(word: string): string[] {
  return [...word.matchAll(/\{\{([a-z0-9-]+)\}\}/g)].map(([, found = ""]) => found);
}

const MOUNTS = "{{mounts}}";

/** The command with its parameters' values; each stays within its word. */
export function filled(
  words: readonly string[],
  values: Readonly<Record<string, string>>,
  mounts: readonly string[] = [],
): string[] {
  return words.flatMap((word) =>
    word === MOUNTS ? mounts : word.replaceAll(/\{\{([a-z0-9-]+)\}\}/g, (_, key: string) => values[key] ?? ""),
  );
}

function given(step: object, kinds: readonly string[]): number {
  return kinds.filter((kind) => (step as Record<string, unknown>)[kind] !== undefined).length;
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) !== undefined;
  } catch {
    return false;
  }
}
