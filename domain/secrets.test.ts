import { expect, test } from "vitest";
import { findSecrets, secretValue } from "./secrets.ts";

const HEX = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
const LETTERS = "aZ3kQ9xWb7LmT2vYc8RdN4pHs6JfG1uE5oKi0A";
/** Put together here, so that no scanner of this repository takes them for real ones. */
const glue = (...parts: string[]) => parts.join("");

const SECRETS: [string, string][] = [
  ["a DigitalOcean token", glue("dop", "_v1_", HEX)],
  ["a DigitalOcean token", glue("doo", "_v1_", HEX)],
  ["a Spaces access key", glue("DO00", "ABCDEFGHIJKLMNOP")],
  ["an AWS access key", glue("AKIA", "IOSFODNN7ABCDEFG")],
  ["a Google API key", glue("AIza", LETTERS.slice(0, 35))],
  ["a GitHub token", glue("ghp", "_", LETTERS.slice(0, 36))],
  ["a GitHub token", glue("github_pat", "_", LETTERS, LETTERS, LETTERS.slice(0, 6))],
  ["a GitLab token", glue("glpat", "-", LETTERS.slice(0, 20))],
  ["a Slack token", glue("xoxb", "-123456789012-123456789012-", LETTERS.slice(0, 24))],
  ["a Slack webhook address", glue("https://hooks.slack.com", "/services/T00000000/B00000000/", LETTERS.slice(0, 24))],
  ["a Stripe key", glue("sk", "_live_", LETTERS.slice(0, 24))],
  ["an OpenAI key", glue("sk", "-proj-", LETTERS, "-", LETTERS)],
  ["an OpenAI key", glue("sk", "-", LETTERS.slice(0, 20), "T3Blbk", "FJ", LETTERS.slice(0, 20))],
  ["an Anthropic key", glue("sk", "-ant-api03-", LETTERS, LETTERS, LETTERS)],
  ["a Hugging Face token", glue("hf", "_", "AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh")],
  ["an npm token", glue("npm", "_", LETTERS.slice(0, 36))],
  ["a Docker token", glue("dckr", "_pat_", LETTERS.slice(0, 27))],
  ["a registry's login", glue('{"auths":{"r.example.org":{"auth', '":"', btoa("robot:hunter2hunter2"), '"}}}')],
  ["a Vault token", glue("hvs", ".", LETTERS, LETTERS, LETTERS)],
  ["a Pulumi token", glue("pul", "-", HEX.slice(0, 40))],
  ["a Tailscale key", glue("tskey", "-auth-", "kA1b2C3CNTRL-", LETTERS.slice(0, 30))],
  ["a SendGrid key", glue("SG", ".", LETTERS.slice(0, 22), ".", LETTERS, LETTERS.slice(0, 5))],
  ["a JSON web token", glue("eyJhbGciOiJIUzI1NiJ9", ".", "eyJzdWIiOiIxMjM0NTY3ODkwIn0", ".", LETTERS.slice(0, 32))],
  ["a password's hash", glue("passwd: $6$", "rounds=4096$", LETTERS, LETTERS)],
  [
    "a private key",
    glue("-----BEGIN OPENSSH ", "PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n-----END OPENSSH PRIVATE KEY-----"),
  ],
  ["a private key", glue("-----BEGIN ", "PRIVATE KEY-----")],
  ["a private key", glue("-----BEGIN PGP ", "PRIVATE KEY BLOCK-----")],
  ["an Authorization header", glue("curl -H 'Authorization: ", "Bearer ", LETTERS.slice(0, 20), "'")],
  ["a password in an address", "DATABASE_URL=postgres://app:hunter22@db.internal:5432/app"],
  ["a password in an address", "redis://:hunter22@cache:6379"],
  ["a password for curl", "curl -fsS -u deploy:hunter22 https://example.org/x"],
  ["a password for a machine", "machine example.org login deploy password hunter22"],
  ["a password for a command", "docker login -u me -p hunter22 registry.example.org"],
  ["a password for a command", "sshpass -phunter22 ssh deploy@10.0.0.2"],
  ["a password for a command", "mysql -u root -phunter22 app < schema.sql"],
  ["a password for chpasswd", "echo 'deploy:hunter22' | sudo chpasswd"],
  ["a password in SQL", "mysql -e \"CREATE USER 'app'@'%' IDENTIFIED BY 'hunter22'\""],
  ["a password in SQL", "psql -c \"CREATE ROLE app WITH LOGIN PASSWORD 'hunter22'\""],
  ["a password for Redis", "  requirepass hunter22"],
  ["a value for DB_PASSWORD", "export DB_PASSWORD=hunter22"],
  ["a value for password", 'password: "hunter22"'],
  ["a value for password", '{"user": "app", "password": "hunter22"}'],
  ["a value for K3S_TOKEN", `K3S_TOKEN=${LETTERS.slice(0, 24)}`],
  ["a value for api-key", `tool --api-key ${LETTERS.slice(0, 24)} start`],
  ["a value for token", "kubeadm join 10.0.0.2:6443 --token abcdef.0123456789abcdef"],
  ["a value for aws_secret_access_key", glue("aws_secret_access_key = wJalrXUtnFEMI/K7", "MDENG/bPxRfiCYzzzzzzzzzz")],
];

test.each(SECRETS)("%s is found: %s", (kind, text) => expect(findSecrets(text).map((one) => one.kind)).toEqual([kind]));

const ORDINARY: [string, string][] = [
  ["a public key", `ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${LETTERS} me@laptop]`],
  ["an RSA public key", `ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ${LETTERS}${LETTERS}${LETTERS}== deploy`],
  ["a certificate", "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIE\n-----END CERTIFICATE-----"],
  ["a public PEM key", "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYI\n-----END PUBLIC KEY-----"],
  ["a public PGP key", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQINBFit2ioBEADhWpZ8"],
  ["a SHA-256 checksum", `echo "${HEX}  node.tar.xz" | sha256sum -c`],
  ["a named checksum", `sha256: ${HEX}`],
  ["kubeadm's hash", `--discovery-token-ca-cert-hash sha256:${HEX}`],
  ["an apt key's fingerprint", "keyid: 9DC858229FC7DD38854AE2D88D81803C0EBFCD88"],
  [
    "an apt source",
    "deb [signed-by=/etc/apt/keyrings/docker.gpg] https://download.docker.com/linux/ubuntu noble stable",
  ],
  ["a UUID", "vpc: 3d80cb72-342b-4aaa-b92e-4e4abb24a933"],
  ["an image digest", `docker pull nginx@sha256:${HEX}`],
  ["a commit", `git checkout ${HEX.slice(0, 40)}`],
  ["a variable", "PASSWORD=$DB_PASSWORD"],
  ["a variable in braces", 'TOKEN="${API_TOKEN}"'],
  ["a command's output", "API_KEY=$(cat /run/secrets/api-key)"],
  ["a template", "password: {{ db_password }}"],
  ["a filled in later", "password=<your password>"],
  ["a mask", "password: ********"],
  ["a path", "POSTGRES_PASSWORD_FILE=/run/secrets/db"],
  ["a path to a key", "SSL_PRIVATE_KEY=/etc/ssl/private/site.key"],
  ["a number of a policy", "PASSWORD_MIN_LENGTH=12"],
  ["a lifetime", "TOKEN_EXPIRY=3600"],
  ["a secret's name", "secretName: site-tls-2026"],
  ["a name of many words", "secret: staging-web-app-database-2026"],
  ["nsswitch.conf", "passwd:         compat systemd"],
  ["a lock", "lock_passwd: true"],
  ["a password that cloud-init draws", "password: RANDOM"],
  ["sshd_config", "PasswordAuthentication no"],
  ["PostgreSQL's setting", "password_encryption = scram-sha-256"],
  ["a question", 'read -rs -p "Password: " PASS'],
  ["reading from a pipe", "docker login --username me --password-stdin"],
  ["a port beside a login", "docker login -u me --password-stdin r.example.org && mkdir -p /srv/app"],
  ["MySQL asking for a password", "mysql -u root -p app"],
  ["MySQL with a variable", 'mysql -u root -p"$ROOT" -P 3306 app'],
  ["a variable for chpasswd", 'echo "root:$ROOT" | chpasswd'],
  ["SQL with a variable", "ALTER USER app IDENTIFIED BY '${APP}'"],
  ["a comment", "# password: written elsewhere"],
  ["an address without a password", "git clone ssh://git@example.org:22/app.git && curl http://127.0.0.1:8080/a@b"],
  ["a password from a variable in an address", "postgres://app:${DB_PASSWORD}@db/app"],
  ["cloud-init's explanation of a proxy", "http_proxy: http://[[user][:pass]@]host[:port]/"],
  ["a bindable variable", "DATABASE_URL=${db.DATABASE_URL}"],
  ["a token of the documentation", glue("ghp", "_", "x".repeat(36))],
  ["the access key of the documentation", glue("AKIA", "IOSFODNN7EXAMPLE")],
  ["a part of a cloud-config", "chpasswd:\n  expire: false\n"],
  ["a group of settings", "api_token:\n  lifetime-of-token-2: 3600\n"],
  ["a number with a pattern", "token: 11112222111122221111"],
  ["a compass", "compass=north-north-east"],
  ["a cache key", "key: node-modules-v2-linux-2026"],
  ["a random identifier", "machine-id: 4c4c4544004b3510805ab9c04f525332"],
];

test.each(ORDINARY)("%s is not: %s", (_, text) => expect(findSecrets(text)).toEqual([]));

test("each line with a secret is told once, by its number, and never the secret", () => {
  const text = `#!/bin/sh\nset -e\nexport DB_PASSWORD=hunter22\n\ncurl -u me:hunter22 http://x TOKEN=${glue("ghp", "_", LETTERS.slice(0, 36))}\n`;
  const found = findSecrets(text);
  expect(found.map(({ line }) => line)).toEqual([3, 5]);
  expect(JSON.stringify(found)).not.toContain("hunter22");
});

test("a variable's value is judged by its name", () => {
  expect(secretValue("DB_PASSWORD", "hunter22")).toBe("a password");
  expect(secretValue("SESSION_SECRET", LETTERS)).toBe("a secret value");
  expect(secretValue("SESSION_SECRET", "${app.SESSION}")).toBeUndefined();
  expect(secretValue("LOG_LEVEL", "debug-everything-1234567890")).toBeUndefined();
  expect(secretValue("WHATEVER", glue("glpat", "-", LETTERS.slice(0, 20)))).toBe("a GitLab token");
  expect(secretValue("DATABASE_URL", "mysql://app:hunter22@db/app")).toBe("a password in an address");
});

test("64 KiB, the most that user data may have, are read at once, whatever they repeat", () => {
  const units = ["a", "password", "password: ", "--token ", "-", "$6$", "eyJ.", "sk-proj-", "x=", "s://a:", "curl -u "];
  for (const unit of [...units, "docker login ", "mysql -", "echo a:bbbb", "user x ", "authorization: bearer "]) {
    const started = process.cpuUsage();
    findSecrets(unit.repeat(65_536 / unit.length));
    expect(process.cpuUsage(started).user, `microseconds for ${unit}`).toBeLessThan(2_000_000);
  }
});
