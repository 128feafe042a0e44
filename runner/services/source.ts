import type { ServicesOptions } from "./files.ts";
import type { ServicesRecord } from "./record.ts";

/** Where a project is read from: the files that were asked for; a name stands for the files, profiles and environment files it was made from. */
export function sourceOf(options: ServicesOptions, named: ServicesRecord | undefined): ServicesOptions {
  const { files, projectName, profiles, envFiles, environment } = options;
  const own = {
    ...(projectName === undefined ? {} : { projectName }),
    ...(profiles ? { profiles } : {}),
    ...(envFiles ? { envFiles } : {}),
    ...(environment ? { environment } : {}),
  };
  if (!named) return { files, ...own };
  const { files: known, folder, profiles: before, envFiles: variables, project } = named;
  return {
    files: known,
    folder,
    projectName: project,
    ...(before ? { profiles: before } : {}),
    ...(variables ? { envFiles: variables } : {}),
    ...own,
  };
}
