import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import { baseImage } from "../../../local/cloud/backends/docker/base-image.ts";
import { follow, unless } from "../../../local/cloud/backends/docker/engine.ts";
import { buildContext } from "../../../local/plugins/docker/image/context.ts";
import { thisHost } from "../../../runner/toolchain/host.ts";
import { withLock } from "../../../runner/toolchain/lock.ts";

/**
 * The servers there are, and whose place they take: PostgreSQL 17 with pgvector and TimescaleDB, Redis 8, nginx 1.26, Prometheus 2.53, Docker's
 * registry 2.8; Kafka 3.6 from Maven and MLflow 2.19 from PyPI on Debian's Java and Python.
 */
export const DEBIAN_IMAGES = ["postgres", "redis", "nginx", "prometheus", "registry", "kafka", "mlflow"] as const;
export type DebianImage = (typeof DEBIAN_IMAGES)[number];

const folder = join(import.meta.dirname, "context");

/**
 * Makes an image of a real server from Debian's packages, on the engine of `docker`, without pulling anything: half a minute the first time,
 * nothing where it is there already. It takes the variables, commands, ports and folders of the published image (`POSTGRES_PASSWORD_FILE`,
 * `/docker-entrypoint-initdb.d`, `redis-server --maxmemory 1mb`, `/etc/nginx/conf.d`, ...). Leave it on the engine: other tests use it too.
 * @returns its name, as in `windlass-debian/postgres:1f0c...`; the tag is a hash of what it is made from
 */
export async function makeImage(docker: Docker, name: DebianImage): Promise<string> {
  const context = buildContext(folder, join(folder, "Dockerfile"));
  const image = `windlass-debian/${name}:${context.digest().slice(0, 12)}`;
  const isThere = () => unless([404], docker.getImage(image).inspect());
  if (await isThere()) return image;
  const { cache, env } = thisHost();
  return withLock(
    join(cache, "debian-images.lock"),
    () => {},
    async () => {
      if (await isThere()) return image;
      const base = await baseImage(docker, cache, () => {}, "trixie");
      const proxies = ["http_proxy", "https_proxy", "no_proxy"].flatMap((key) => (env[key] ? [[key, env[key]]] : []));
      // BuildKit builds only what the target needs.
      const stream = await docker.buildImage(context.archive(), {
        version: "2",
        t: image,
        target: name,
        networkmode: "host",
        buildargs: { BASE: base, CERTIFICATES: ownCertificates(), ...Object.fromEntries(proxies) },
      });
      await follow(docker, stream, () => {});
      return image;
    },
  );
}

/** Certificates that somebody has added to those of this machine's Debian: without them its registries may not be trusted. */
function ownCertificates(): string {
  const added = "/usr/local/share/ca-certificates";
  const files = existsSync(added) ? readdirSync(added).filter((file) => file.endsWith(".crt")) : [];
  return files.map((file) => readFileSync(join(added, file), "utf8")).join("\n");
}
