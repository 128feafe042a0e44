import type { ComposeProject } from "../../domain/compose/model.ts";
import { withoutUnused } from "../../domain/compose/project.ts";
import { UserError } from "../../domain/errors.ts";
import type { ReadSettings } from "./settings.ts";

/** The stack that `[services]` and `[ports]` of the settings' file are about. */
const STACK = "dspy";

/**
 * The stack `dspy` with the services and host ports that the settings' file names; any other project as it is. Throws `ConfigInvalid` where
 * a service that runs needs one that is off.
 */
export function withStackSettings(project: ComposeProject, { stack }: Pick<ReadSettings, "stack">): ComposeProject {
  if (project.name !== STACK || (stack.off.size === 0 && stack.ports.size === 0)) return project;
  const services = Object.entries(project.services).filter(([name]) => !stack.off.has(name));
  for (const [name, { depends_on: needs }] of services)
    for (const [other, { required }] of Object.entries(needs ?? {})) {
      const where = stack.off.get(other);
      if (where === undefined || required === false) continue;
      const reason = `${where}: services.${other} is off, and ${name} needs it`;
      throw new UserError("ConfigInvalid", { reason, suggestion: `turn ${name} off as well, or ${other} on` });
    }
  const moved = services.map(([name, service]) => {
    const own = stack.ports.get(name);
    const [first, ...others] = service.ports ?? [];
    if (!own || !first) return [name, service] as const;
    return [name, { ...service, ports: [{ ...first, published: String(own.port) }, ...others] }] as const;
  });
  return withoutUnused({ ...project, services: Object.fromEntries(moved) });
}
