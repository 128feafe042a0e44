import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { UNKNOWN as unknown } from "../../domain/cost/inputs.ts";
import { declared, said } from "../testing/stack.ts";
import { rule } from "./no-secrets-in-user-data.ts";

const droplet = (userData: unknown) => said(rule, declared("droplet", "web", { userData }));
const app = (spec: unknown) => said(rule, declared("app", "web", { spec }));
const base64 = (text: string | Buffer) => Buffer.from(text).toString("base64");

describe("user data", () => {
  test("without secrets, or none at all", () => {
    expect(droplet(undefined)).toEqual([]);
    expect(droplet("#cloud-config\npackages: [nginx]\n")).toEqual([]);
  });

  test("is told by line, and the secret never", () => {
    const told = droplet("#!/bin/sh\n\nexport DB_PASSWORD=hunter22 API_TOKEN=9f8e7d6c5b4a39281706f5e4\n");
    expect(told).toEqual(["userData holds a value for DB_PASSWORD (line 3)"]);
    expect(JSON.stringify(told)).not.toMatch(/hunter22|9f8e/);
  });

  test("is read through base64, gzip and both", () => {
    const secret = "# a config\ndb_password = 'hunter22'\n";
    const told = ["userData holds a value for db_password (what is packed at line 3)"];
    for (const content of [base64(secret), base64(gzipSync(secret)), base64(`again: ${base64(secret)}`)])
      expect(droplet(`#cloud-config\nwrite_files:\n  - content: ${content}\n`)).toEqual(told);
  });

  test("has passwords in the list of chpasswd, but for those that are drawn", () => {
    const list = (...lines: string[]) => droplet(`#cloud-config\nchpasswd:\n  list: |\n    ${lines.join("\n    ")}\n`);
    expect(list("root:RANDOM", "app:R", "web:$6$salt$hash", "ops:{{ ops }}")).toEqual([]);
    expect(list("root:RANDOM", "app:hunter22")).toEqual(["userData holds a password for chpasswd (line 5)"]);
    expect(droplet("#cloud-config\nchpasswd: { list: [app:hunter22] }\n")).toHaveLength(1);
    expect(droplet("#cloud-config\nchpasswd: 7\n")).toEqual([]);
  });

  test("that packs more than can be read may hold one, and takes no time", () => {
    const bomb = base64(gzipSync(Buffer.alloc(50 << 20, "no secret\n")));
    const started = process.cpuUsage();
    expect(droplet(`#cloud-config\nwrite_files:\n  - content: ${bomb}\n`)).toEqual([
      "userData packs more than 1 MiB, which is not read (what is packed at line 3)",
    ]);
    expect(process.cpuUsage(started).user, "microseconds").toBeLessThan(1_000_000);
  });

  test("of an ordinary machine passes: keys, checksums, units, a Docker repository", () => {
    const userData = `#cloud-config
users:
  - name: deploy
    groups: [docker, sudo]
    sudo: ALL=(ALL) NOPASSWD:ALL
    lock_passwd: true
    ssh_authorized_keys:
      - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPxXXXCJPgzBGq5QB9pr5dQLyky11rvxDWpEuqpZsonM deploy@example.org
      - ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDQ2YzH9kZV8l0m6Jb3v5Tq1Xf7cR4sW8uNpLgEyKdA0oM2iBtGhQjSxZrVnC6wUeIaPfYkD1TqOlHsRmJv5XbN7zW3gE9cLuKpQyA4dS8fGhJ2kMnB6vCxZ1tRoYwEiUqPaLsDfHgJkTmNbVcXz me@host
apt:
  sources:
    docker.list:
      source: deb [arch=amd64 signed-by=/etc/apt/keyrings/docker.gpg] https://download.docker.com/linux/ubuntu noble stable
      keyid: 9DC858229FC7DD38854AE2D88D81803C0EBFCD88
write_files:
  - path: /etc/systemd/system/app.service
    content: |
      [Service]
      EnvironmentFile=/etc/app/secrets.env
      Environment=APP_ID=3d80cb72-342b-4aaa-b92e-4e4abb24a933
      ExecStart=/usr/bin/docker run --rm -e DB_PASSWORD app@sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0
  - path: /etc/ssl/site.pem
    encoding: b64
    content: ${base64("-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ\n-----END CERTIFICATE-----\n")}
runcmd:
  - curl -fsSLo /tmp/node.tar.xz https://nodejs.org/dist/v24.1.0/node-v24.1.0-linux-x64.tar.xz
  - echo "7c2f6d3e1a9b8c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d  /tmp/node.tar.xz" | sha256sum -c
  - [sh, -c, "TOKEN=$(curl -s http://169.254.169.254/metadata/v1/id) && /usr/local/bin/join --token $TOKEN"]
`;
    expect(droplet(userData)).toEqual([]);
  });

  test("that is not known may hold one", () => {
    expect(droplet(unknown)).toEqual(["userData is not known before the update, and may hold a secret"]);
    expect(said(rule, declared("dropletAutoscale", "web", { dropletTemplate: unknown }))).toEqual([
      "dropletTemplate is not known before the update",
    ]);
    expect(
      said(rule, declared("dropletAutoscale", "web", { dropletTemplate: { userData: "x_password=hunter22" } })),
    ).toEqual(["dropletTemplate.userData holds a value for x_password (line 1)"]);
  });
});

describe("an app", () => {
  const variable = (more: object) =>
    app({ name: "a", services: [{ name: "web", envs: [{ key: "A_TOKEN", ...more }] }] });
  const random = "9f8e7d6c5b4a39281706f5e4";

  test.each([undefined, "GENERAL", unknown])("shows variables of type %s", (type) => {
    expect(variable({ value: random, type })).toEqual([
      "spec.services[0].envs[0] (A_TOKEN) is of type GENERAL and holds a secret value",
    ]);
    expect(variable({ value: unknown, type })).toEqual([
      "spec.services[0].envs[0] (A_TOKEN) is of type GENERAL, and its value is not known before the update",
    ]);
  });

  test("keeps variables of type SECRET", () => {
    expect(variable({ value: random, type: "SECRET" })).toEqual([]);
    expect(variable({ value: unknown, type: "SECRET" })).toEqual([]);
  });

  test.each(["services", "workers", "jobs", "functions", "staticSites"])("of %s", (kind) => {
    expect(app({ [kind]: [{ name: "x", envs: [{ key: "DB_PASSWORD", value: "hunter22" }] }] })).toHaveLength(1);
  });

  test("has other texts, of which some are kept", () => {
    expect(app({ services: [{ name: "web", runCommand: "serve --password hunter22" }] })).toEqual([
      "spec.services[0].runCommand holds a value for password",
    ]);
    expect(
      app({ services: [{ name: "web", git: { repoCloneUrl: "https://me:hunter22@example.org/x" } }] }),
    ).toHaveLength(1);
    expect(
      app({ services: [{ name: "web", image: { registryCredentials: "me:dckr_pat_abcdefghijklmnopqrstuvwxyz1" } }] }),
    ).toEqual([]);
    expect(app({ services: [{ name: "web", logDestinations: [{ datadog: { apiKey: random } }] }] })).toEqual([]);
  });

  test("whose parts are not known may hold one", () => {
    expect(app(unknown)).toEqual(["spec is not known before the update, and may hold a secret"]);
    expect(app({ envs: unknown })).toEqual(["spec.envs is not known before the update, and may hold a secret"]);
    expect(app({ envs: [unknown] })).toEqual(["spec.envs[0] is not known before the update, and may hold a secret"]);
    expect(app({ name: unknown, services: [{ name: "web", buildCommand: unknown }] })).toEqual([]);
  });
});
