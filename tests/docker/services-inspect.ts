import type Docker from "dockerode";

/** Labels that are the maker's own: the hash and version of its rules, the bundled plugin's mark. */
const OWN_LABELS = ["com.docker.compose.config-hash", "com.docker.compose.version", "windlass.operation"];

/** What the engine chooses anew each time, and what is only there for the one who started it. */
const VOLATILE = new Set([
  "Id",
  "Created",
  "CreatedAt",
  "State",
  "ResolvConfPath",
  "HostnamePath",
  "HostsPath",
  "LogPath",
  "GraphDriver",
  "EndpointID",
  "NetworkID",
  "SandboxID",
  "SandboxKey",
  "MacAddress",
  "Gateway",
  "IPv6Gateway",
  "IPAddress",
  "IPPrefixLen",
  "GlobalIPv6PrefixLen",
  "Ports",
  "Containers",
  "ExecIDs",
  "AttachStdout",
  "AttachStderr",
]);

/** Subnets that the engine has chosen from its pools (those of `own-engine.ts`, and its defaults); others are declared. */
const CHOSEN = /^(10\.2(0[89]|1\d|2[0-3])|172\.(1[7-9]|2\d|3[01])|192\.168)\./;

/** Containers, networks and volumes of a project as the engine tells them, without what differs from one run to the next. */
export async function comparable(docker: Docker, project: string): Promise<Record<string, unknown>> {
  const filters = { label: [`com.docker.compose.project=${project}`] };
  const containers = await docker.listContainers({ all: true, filters });
  const networks = await docker.listNetworks({ filters });
  const { Volumes: volumes } = await docker.listVolumes({ filters });
  const found = await Promise.all([
    ...containers.map(async ({ Id }) => {
      const one = await docker.getContainer(Id).inspect();
      return [one.Name, named(one, containers)] as const;
    }),
    ...networks.map(async ({ Id, Name }) => [`network ${Name}`, await docker.getNetwork(Id).inspect()] as const),
    ...volumes.map(async ({ Name }) => [`volume ${Name}`, await docker.getVolume(Name).inspect()] as const),
  ]);
  return Object.fromEntries(found.map(([name, value]) => [name, plain(value)]).sort());
}

/** The containers' names in place of their ids (a host name, an alias, whose network is shared), and one word for names that the engine makes up. */
function named(found: unknown, containers: readonly Docker.ContainerInfo[]): unknown {
  const text = containers.reduce(
    (rest, { Id, Names: [name = ""] }) =>
      rest.replaceAll(Id, `id-of${name}`).replaceAll(Id.slice(0, 12), `id-of${name}`),
    JSON.stringify(found),
  );
  return JSON.parse(text.replaceAll(/\b[0-9a-f]{64}\b/g, "ANY"));
}

/** Without the volatile, empty values all alike, lists whose order means nothing sorted. */
function plain(value: unknown, key = ""): unknown {
  // Compose names a service twice that has its container's name.
  if (key === "Aliases" && Array.isArray(value)) return [...new Set(value)].sort();
  // Compose names the container by its id.
  if (key === "VolumesFrom" && Array.isArray(value))
    return value.map((from) => String(from).replace(/^id-of\//, "")).sort();
  if (Array.isArray(value)) {
    const items = value.map((item) => plain(item));
    const ordered = ["Cmd", "Entrypoint", "Test", "Args"].includes(key);
    return items.length === 0 ? null : ordered ? items : items.sort((a, b) => text(a).localeCompare(text(b)));
  }
  if (key === "HostIp" && value === "") return "0.0.0.0";
  if (key === "Name" && value === "no") return null;
  // Compose writes what a service waits for in any order.
  if (key === "com.docker.compose.depends_on") return String(value).split(",").sort().join(",");
  if (typeof value !== "object" || value === null) return value === "" || value === undefined ? null : value;
  const entries = Object.entries(value)
    .filter(([name, item]) => !(name === "Subnet" && CHOSEN.test(String(item))))
    .filter(([name]) => !VOLATILE.has(name) && !OWN_LABELS.includes(name))
    .map(([name, item]) => [name, plain(item, name)] as const)
    .filter(([, item]) => item !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? null : Object.fromEntries(entries);
}

function text(value: unknown): string {
  return JSON.stringify(value);
}
