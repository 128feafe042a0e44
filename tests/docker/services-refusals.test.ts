import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { keyPair, testHost } from "../../local/plugins/command/test-host.ts";
import { servicesLogs } from "../../runner/services/logs.ts";
import { servicesPs } from "../../runner/services/ps.ts";
import { BUSYBOX, docker, makeBusyboxImage } from "./docker-fixture.ts";
import { collected, type TestProject, testProject } from "./services-fixture.ts";

const GOOD = `services:
  db:
    image: ${BUSYBOX}
    init: true
    command: [sleep, "1000"]
  web:
    image: ${BUSYBOX}
    init: true
    command: [sleep, "1000"]
    depends_on: [db]
`;

let shop: TestProject;
let running: unknown;

/** What runs, since when. */
async function now(): Promise<unknown> {
  const containers = await docker.listContainers({
    all: true,
    filters: { label: [`com.docker.compose.project=${shop.name}`] },
  });
  const found = await Promise.all(
    containers.map(async ({ Id }) => {
      const { Name, State } = await docker.getContainer(Id).inspect();
      return [Name, Id, State.Status, State.StartedAt];
    }),
  );
  return found.sort();
}

beforeAll(async () => {
  await makeBusyboxImage();
  shop = testProject("refusals");
  shop.write(GOOD);
  await shop.up();
  running = await now();
});
afterEach(async () => {
  expect(await now()).toEqual(running);
});
afterAll(async () => {
  await shop?.remove();
  await docker.getImage(BUSYBOX).remove({ force: true });
});

/** A change of the file, and what is said of which line: the first has the project's name. */
const MISTAKES: [what: string, change: [from: string, to: string], line: number, said: string][] = [
  ["a cycle", ["db:\n", "db:\n    depends_on: [web]\n"], 4, "depends on itself: db -> web -> db"],
  ["an unknown key", ["init:", "innit:"], 5, "services.db.innit: there is no such key; did you mean init?"],
  ["an unknown service", ["[db]", "[bd]"], 11, "services.web.depends_on.bd: there is no service bd"],
  [
    "a variable that must be set",
    ["init: true", "hostname: ${NOWHERE:?say where}"],
    5,
    "NOWHERE is missing a value: say where",
  ],
  ["what is no YAML", ["init: true", "init: [true"], 6, "Flow sequence"],
  ["a wrong value", ["init: true", "ports: [eighty]"], 5, "eighty"],
];

test.each(MISTAKES)("%s is told with its place", async (_, [from, to], line, said) => {
  const file = shop.write(GOOD.replace(from, to));
  await expect(shop.up()).rejects.toMatchObject({
    code: "ConfigInvalid",
    message: expect.stringContaining(said),
    details: { file, line, reason: expect.stringContaining(`${file}:${line}: `) },
  });
});

test("one port of the host for two services is told with its place", async () => {
  const file = shop.write(GOOD.replaceAll("init: true", 'init: true\n    ports: ["127.0.0.1:18733:80"]'));
  await expect(shop.up()).rejects.toMatchObject({
    details: { file, line: 11, reason: expect.stringMatching(/services.web.ports.0: db is published on .*18733/) },
  });
});

test("a variable that is not set is told, and is empty, as in Compose", async () => {
  const file = shop.write(GOOD.replace("init: true", 'init: true\n    labels: { where: "${NOWHERE}" }'));
  const told: string[] = [];
  await shop.up({ dryRun: true, onEvent: (event) => void (event.kind === "note" && told.push(event.text)) });
  expect(told).toEqual([`${file}:6: the variable NOWHERE is not set; it is taken as empty`]);
});

test("a health that never comes is told with the last lines, and what it does not concern stays", async () => {
  const check = '{ test: ["CMD", "false"], interval: 200ms, retries: 1000 }';
  shop.write(`${GOOD}  sick:
    image: ${BUSYBOX}
    init: true
    command: ["sh", "-c", "echo cannot open the disk; sleep 1000"]
    healthcheck: ${check}
`);
  await expect(shop.up({ healthySeconds: 10 })).rejects.toMatchObject({
    code: "CommandFailed",
    details: {
      reason: expect.stringMatching(/-sick-1[\s\S]*cannot open the disk/),
      suggestion: expect.stringContaining("windlass services up"),
    },
  });
  await shop.container("sick").remove({ force: true });
});

test("an engine that does not answer, and one that is none", async () => {
  shop.write(GOOD);
  const far = (host: string) => ({ host, projectName: `${shop.name}-far` });
  await expect(shop.up(far(`unix://${shop.folder}/nothing.sock`))).rejects.toMatchObject({
    code: "CommandFailed",
    details: { reason: expect.stringContaining("nothing.sock does not answer"), suggestion: expect.any(String) },
  });
  await expect(shop.up(far("carrier-pigeon://nas"))).rejects.toMatchObject({ code: "ConfigInvalid" });
});

test("another host key than the known one, and no key that is let in", async () => {
  shop.write(GOOD);
  const keys = keyPair();
  const machine = await testHost({ publicKey: keys.public });
  const known = join(shop.folder, "known_hosts");
  try {
    writeFileSync(join(shop.folder, "key"), keys.private, { mode: 0o600 });
    writeFileSync(join(shop.folder, "other"), keyPair().private, { mode: 0o600 });
    const knows = (line: string) => writeFileSync(known, `[127.0.0.1]:${machine.port} ${line}\n`);
    const host = `ssh://root@127.0.0.1:${machine.port}`;
    const words = ["-o", `UserKnownHostsFile=${known}`, "-o", "IdentitiesOnly=yes", "-i"];
    const over = (key: string) => ({ host, sshOpts: [...words, join(shop.folder, key)] });
    const far = { projectName: `${shop.name}-far` };
    const asked = { files: [shop.name], home: shop.home };
    knows(keyPair().public);
    const changed = { code: "SSHConnectionFailed", details: { kind: "host-key-changed", host } };
    await expect(shop.up({ ...over("key"), ...far })).rejects.toMatchObject(changed);
    await expect(servicesPs({ ...asked, ...over("key") })).rejects.toMatchObject(changed);
    await expect(collected(servicesLogs({ ...asked, ...over("key") }))).rejects.toMatchObject(changed);
    knows(machine.hostKey);
    const refused = { code: "SSHConnectionFailed", details: { kind: "auth-failed", host } };
    await expect(servicesPs({ ...asked, ...over("other") })).rejects.toMatchObject(refused);
    const { services } = await servicesPs({ ...asked, ...over("key") });
    expect(services.map(({ name, state }) => [name, state])).toEqual([
      ["db", "running"],
      ["web", "running"],
    ]);
  } finally {
    await machine.close();
  }
});
