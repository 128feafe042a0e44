import { readFileSync } from "node:fs";
import { join } from "node:path";
import languagePb from "@pulumi/pulumi/proto/language_pb.js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";

interface Manifest {
  name?: string;
  version?: string;
  dependencies?: Record<string, string>;
  pulumi?: { resource?: boolean; name?: string; version?: string; server?: string };
}

function readManifest(folder: string): Manifest {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  } catch {
    return {};
  }
}

/** The packages a program names in its package.json, with their installed versions. */
function installedDependencies(programDirectory: string): Manifest[] {
  return Object.keys(readManifest(programDirectory).dependencies ?? {})
    .map((name) => readManifest(join(programDirectory, "node_modules", name)))
    .filter((manifest) => manifest.name !== undefined);
}

/**
 * The provider plugins a program asks for, so that the engine downloads them side by side before it starts.
 * Where downloads are off, nothing is asked for beforehand: a plugin that is never used need not be there.
 */
export function requiredPackages(
  request: languagePb.GetRequiredPackagesRequest,
): languagePb.GetRequiredPackagesResponse {
  const response = new languagePb.GetRequiredPackagesResponse();
  if (process.env.PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION === "true") return response;
  for (const { name = "", version = "", pulumi } of installedDependencies(
    request.getInfo()?.getProgramDirectory() ?? "",
  )) {
    if (!pulumi?.resource) continue;
    response.addPackages(
      new pluginPb.PackageDependency()
        .setName(pulumi.name ?? name.replace("@pulumi/", ""))
        .setKind("resource")
        .setVersion(`v${(pulumi.version ?? version).replace(/^v/, "")}`)
        .setServer(pulumi.server ?? ""),
    );
  }
  return response;
}

/** For `pulumi about`: what the program depends on. */
export function programDependencies(
  request: languagePb.GetProgramDependenciesRequest,
): languagePb.GetProgramDependenciesResponse {
  const directory = request.getInfo()?.getProgramDirectory() || request.getPwd();
  const dependencies = installedDependencies(directory).map((manifest) =>
    new languagePb.DependencyInfo().setName(manifest.name ?? "").setVersion(manifest.version ?? ""),
  );
  return new languagePb.GetProgramDependenciesResponse().setDependenciesList(dependencies);
}
