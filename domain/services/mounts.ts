import type { ComposeProject, Service, ServiceVolume } from "../compose/model.ts";
import { defined, filled } from "./defined.ts";
import type { MountUse, Upload, VolumeUse } from "./spec.ts";

/** What a container sees of the host's and the engine's storage, and the files that are put into it. */
export interface Storage {
  volumes: VolumeUse[];
  mounts: MountUse[];
  uploads: Upload[];
}

/**
 * Compose's own rules: a plain bind or volume is a bind (a missing folder of the host is made), one with options a mount; secrets and
 * configs with a file are mounted read only, those with a content are put into the container.
 * @param environment of the project, for secrets that come from it
 */
export function storageOf(
  project: ComposeProject,
  service: Service,
  containerName: (service: string) => string,
  environment: ReadonlyMap<string, string>,
): Storage {
  const storage: Storage = { volumes: [], mounts: [], uploads: [] };
  const taken = new Set<string>();
  for (const volume of service.volumes ?? []) {
    if (volume.target) taken.add(volume.target);
    addVolume(storage, project, volume);
  }
  for (const from of service.volumes_from ?? []) storage.volumes.push(volumesFrom(from, containerName));
  addFiles(storage, project, service, taken, environment);
  return storage;
}

function addVolume(storage: Storage, project: ComposeProject, volume: ServiceVolume): void {
  const { type, target = "", bind, tmpfs } = volume;
  const readOnly = volume.read_only ? { readOnly: true } : {};
  const source = type === "volume" ? nameOfVolume(project, volume.source) : volume.source;
  if (type === "tmpfs") {
    const options = defined<NonNullable<MountUse["tmpfsOptions"]>>({
      sizeBytes: tmpfs?.size === undefined ? undefined : Number(tmpfs.size),
      mode: tmpfs?.mode,
    });
    storage.mounts.push({ type, target, ...readOnly, ...(filled(options) ? { tmpfsOptions: options } : {}) });
  } else if (type === "bind" && !(bind && (!bind.create_host_path || bind.propagation || bind.recursive))) {
    const relabel = bind?.selinux ? { selinuxRelabel: bind.selinux } : {};
    storage.volumes.push({ hostPath: source ?? "", containerPath: target, ...readOnly, ...relabel });
  } else if (type === "bind") {
    const options = bind?.propagation ? { bindOptions: { propagation: bind.propagation } } : {};
    storage.mounts.push({ type, target, source: source ?? "", ...readOnly, ...options });
  } else if (type === "volume") addEngineVolume(storage, volume, source);
}

function addEngineVolume(storage: Storage, { target = "", read_only, volume }: ServiceVolume, source?: string): void {
  const readOnly = read_only ? { readOnly: true } : {};
  const options = defined<NonNullable<MountUse["volumeOptions"]>>({
    noCopy: volume?.nocopy || undefined,
    subpath: volume?.subpath || undefined,
    labels: filled(Object.entries(volume?.labels ?? {}).map(([label, value]) => ({ label, value }))),
  });
  if (source && !filled(options)) storage.volumes.push({ volumeName: source, containerPath: target, ...readOnly });
  else
    storage.mounts.push({
      type: "volume",
      target,
      ...(source ? { source } : {}),
      ...readOnly,
      ...(filled(options) ? { volumeOptions: options } : {}),
    });
}

/** The engine's name of a volume of the file. */
function nameOfVolume(project: ComposeProject, source: string | undefined): string | undefined {
  return source === undefined ? undefined : (project.volumes?.[source]?.name ?? source);
}

/** `web`, `web:ro`, `container:other:ro`. */
function volumesFrom(from: string, containerName: (service: string) => string): VolumeUse {
  const foreign = from.startsWith("container:");
  const [name = "", mode] = from.replace(/^container:/, "").split(":");
  return { fromContainer: foreign ? name : containerName(name), ...(mode === "ro" ? { readOnly: true } : {}) };
}

function addFiles(
  storage: Storage,
  project: ComposeProject,
  service: Service,
  taken: Set<string>,
  environment: ReadonlyMap<string, string>,
): void {
  const kinds = [
    { uses: service.secrets, objects: project.secrets, folder: "/run/secrets/" },
    { uses: service.configs, objects: project.configs, folder: "/" },
  ];
  for (const { uses, objects, folder } of kinds)
    for (const { source = "", target: given, mode, uid, gid } of uses ?? []) {
      const target = given ? (given.startsWith("/") ? given : folder + given) : folder + source;
      const object = objects?.[source];
      if (!object || taken.has(target)) continue;
      taken.add(target);
      const content = object.content ?? (object.environment ? environment.get(object.environment) : undefined);
      if (content) {
        const owner = defined<Pick<Upload, "owner" | "group">>({ owner: uid || undefined, group: gid || undefined });
        storage.uploads.push({ file: target, content, permissions: octal(mode), ...owner });
      } else if (object.file) {
        storage.mounts.push({ type: "bind", source: object.file, target, readOnly: true });
      }
    }
}

/** Four octal digits; Compose's default is readable by everybody. */
function octal(mode: string | undefined): string {
  return (mode ?? "0444").replace(/^0+(?=[0-7]{3})/, "").padStart(4, "0");
}
