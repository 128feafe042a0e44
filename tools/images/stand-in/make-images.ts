import { readFileSync } from "node:fs";
import type Docker from "dockerode";
import type { ComposeProject } from "../../../domain/compose/model.ts";
import { LABEL } from "../../../domain/services/labels.ts";
import { tar } from "../../../local/plugins/docker/tar.ts";
import { buildStandIn } from "./build.ts";
import { type StandIn, standIns } from "./stand-ins.ts";

/** The label that every stand-in's image carries. */
export const STAND_IN_LABEL = LABEL.standIn;

/** Makes an image for each service of the project, named as `standIns` says; nothing is pulled. Answers with their names. */
export async function makeStandInImages(
  docker: Docker,
  project: ComposeProject,
  repository?: string,
): Promise<string[]> {
  const program = readFileSync(await buildStandIn());
  const wanted = standIns(project, repository);
  for (const standIn of wanted) await makeImage(docker, standIn, program);
  return wanted.map(({ image }) => image);
}

async function makeImage(docker: Docker, { service, image, ports, commands }: StandIn, program: Buffer): Promise<void> {
  const folders = ["bin", "usr", "usr/bin", "tmp"].map((path) => ({ path, kind: "folder" as const }));
  const links = commands.map((path) => ({ path: path.slice(1), kind: "link" as const, target: "/bin/stand-in" }));
  const content = [
    ...folders,
    { path: "bin/stand-in", kind: "file" as const, content: program, mode: 0o755 },
    ...links,
  ];
  const changes = [
    `ENV STAND_IN_NAME=${service}`,
    `ENV STAND_IN_PORTS="${ports.join(" ")}"`,
    `LABEL ${STAND_IN_LABEL}=${service}`,
    'ENTRYPOINT ["/bin/stand-in"]',
  ];
  const [repo, tag] = image.split(":");
  const stream = await docker.importImage(tar(content) as never, { repo, tag, changes } as never);
  await new Promise((done, fail) =>
    docker.modem.followProgress(stream as never, (error) => (error ? fail(error) : done(undefined))),
  );
}
