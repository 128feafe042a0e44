import type { Declared } from "../engine/harness.ts";
import type { PolicyCases } from "./case.ts";
import { autoscalePool, command, droplet } from "./parts/machines.ts";

/** One text of several parts: what stands in no file as a whole is no find for those who scan this one. */
const glue = (...parts: string[]) => parts.join("");

const HEX = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

const config = (text: string) => ({ userData: `#cloud-config\n${text}` });
const script = (text: string) => ({ userData: `#!/bin/sh\nset -e\n${text}\n` });

function file(path: string, text: string): string {
  return `write_files:\n  - path: ${path}\n    encoding: b64\n    content: ${Buffer.from(text).toString("base64")}\n`;
}

const pem = (kind: string) =>
  glue(`-----BEGIN ${kind}-----\n`, "MC4CAQAwBQYDK2VwBCIEIAAA\n", `-----END ${kind}-----\n`);

function app(part: object): Declared {
  const service = { name: "web", image: { registryType: "DOCKER_HUB", registry: "library", repository: "nginx" } };
  const spec = {
    name: "case",
    region: "tor",
    services: [{ ...service, instanceSizeSlug: "apps-s-1vcpu-1gb" }],
    ...part,
  };
  return { name: "app", type: "digitalocean:App", args: { spec } };
}

export const cases: PolicyCases = [
  {
    name: "a token of DigitalOcean in a script",
    bad: [droplet(script(glue("doctl auth init -t ", "dop", "_v1_", HEX)))],
    good: [droplet(script('doctl auth init -t "$DIGITALOCEAN_TOKEN"'))],
    differs: "the token comes from the environment",
  },
  {
    name: "a private key in a file in base64",
    bad: [droplet(config(file("/etc/ssl/site.pem", pem("PRIVATE KEY"))))],
    good: [droplet(config(file("/etc/ssl/site.pem", pem("CERTIFICATE"))))],
    differs: "a certificate, which is public",
  },
  {
    name: "a password for the database",
    bad: [droplet(script("export DB_PASSWORD=hunter22"))],
    good: [droplet(script("export DB_PASSWORD_FILE=/run/secrets/db"))],
    differs: "the path of a file",
  },
  {
    name: "a password in an address",
    bad: [droplet(script("psql postgres://app:hunter22@db.internal:5432/app -c 'select 1'"))],
    good: [droplet(script("psql postgres://app@db.internal:5432/app -c 'select 1'"))],
    differs: "without the password",
  },
  {
    name: "a token for joining a cluster in a pool's user data",
    bad: [
      autoscalePool(
        { targetNumberInstances: 2 },
        script("curl -fsL https://get.k3s.io | K3S_TOKEN=K10f3b9a7c52e::server:41d8 sh -"),
      ),
    ],
    good: [
      autoscalePool(
        { targetNumberInstances: 2 },
        script('curl -fsL https://get.k3s.io | K3S_TOKEN="$(cat /run/k3s)" sh -'),
      ),
    ],
    differs: "the token is read when the machine has started",
  },
  {
    name: "a password's hash for a user",
    bad: [
      droplet(
        config(glue("users:\n  - name: app\n    hashed_passwd: $6$", "tK1x$Y2h0MWZ3cTRlNXI2dDd5OHU5aTBvcGFzZGZn\n")),
      ),
    ],
    good: [droplet(config("users:\n  - name: app\n    ssh_import_id: [gh:example]\n"))],
    differs: "a public key instead",
  },
  {
    name: "an open variable of an app with a password",
    bad: [app({ envs: [{ key: "SMTP_PASSWORD", value: "hunter22" }] })],
    good: [app({ envs: [{ key: "SMTP_PASSWORD", value: "hunter22", type: "SECRET" }] })],
    differs: "its type is SECRET",
  },
  {
    name: "an open variable of a function with a token",
    bad: [
      app({
        functions: [
          { name: "mail", envs: [{ key: "TOKEN", value: glue("SG", ".", HEX.slice(0, 22), ".", HEX.slice(0, 43)) }] },
        ],
      }),
    ],
    good: [app({ functions: [{ name: "mail", envs: [{ key: "TOKEN", value: "${app.TOKEN}" }] }] })],
    differs: "the variable is bound to another",
  },
  {
    name: "an open variable that is not known before the update",
    bad: [command, app({ envs: [{ key: "DATABASE", value: { $ref: "command.stdout" } }] })],
    good: [command, app({ envs: [{ key: "DATABASE", value: { $ref: "command.stdout" }, type: "SECRET" }] })],
    differs: "its type is SECRET",
  },
];
