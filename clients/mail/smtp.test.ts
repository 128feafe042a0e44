import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type Mail, MailError, sendMail } from "./smtp.ts";

let folder: string;
let tls: { key: string; cert: string };
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "windlass-mail-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  execFileSync("openssl", [...words, ...name, "-keyout", key, "-out", cert], { stdio: "ignore" });
  tls = { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const servers: (SMTPServer | Server)[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise<void>((resolve) => server.close(() => resolve()));
});

interface Received {
  from: string;
  to: string[];
  user: string | undefined;
  secure: boolean;
  content: string;
}

/** A real SMTP server on loopback; takes the password `pa:ss@word` only. */
async function mailServer(options: SMTPServerOptions = {}) {
  const received: Received[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: options.secure || options.key ? [] : ["STARTTLS"],
    logger: false,
    onAuth: ({ username, password }, _, done) =>
      password === "pa:ss@word" ? done(null, { user: username }) : done(new Error(`wrong: ${password}`)),
    onData: (stream, session, done) => {
      let content = "";
      stream.on("data", (chunk) => {
        content += chunk;
      });
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        const to = rcptTo.map(({ address }) => address);
        received.push({
          from: mailFrom ? mailFrom.address : "",
          to,
          user: session.user,
          secure: session.secure,
          content,
        });
        done();
      });
    },
    ...options,
  });
  servers.push(server);
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.server.address() as AddressInfo).port, received };
}

const mail = (url: string): Mail => ({
  ...{ url, from: "windlass@example.com", to: ["a@example.com", "b@example.com"], subject: "gpu-1: stopped" },
  ...{ text: "Reason: idle.\nEach hour saves $4.41.", retryDelaysMs: [1, 1] },
});

async function failure(sending: Promise<void>): Promise<MailError> {
  const error = await sending.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(MailError);
  for (const secret of ["pa:ss@word", "pa%3Ass%40word", "wrong-secret", "someuser"])
    expect(String((error as Error).stack)).not.toContain(secret);
  return error as MailError;
}

it("sends to every receiver, without TLS and login where the server wants none", async () => {
  const { port, received } = await mailServer();
  await sendMail(mail(`smtp://127.0.0.1:${port}`));
  expect(received).toHaveLength(1);
  expect(received[0]).toMatchObject({ from: "windlass@example.com", to: ["a@example.com", "b@example.com"] });
  expect(received[0]?.content).toContain("Subject: gpu-1: stopped");
  expect(received[0]?.content).toContain("Each hour saves $4.41.");
});

it("logs in over TLS, with a password of special characters", async () => {
  const { port, received } = await mailServer({ secure: true, ...tls });
  await sendMail({ ...mail(`smtps://someuser:pa%3Ass%40word@127.0.0.1:${port}`), ca: tls.cert });
  expect(received).toMatchObject([{ user: "someuser", secure: true }]);
});

it("turns to TLS where a plain server offers it", async () => {
  const { port, received } = await mailServer(tls);
  await sendMail({ ...mail(`smtp://someuser:pa%3Ass%40word@127.0.0.1:${port}`), ca: tls.cert });
  expect(received).toMatchObject([{ user: "someuser", secure: true }]);
});

it("refuses a certificate that nobody vouches for, at once", async () => {
  const { port, received } = await mailServer({ secure: true, ...tls });
  const error = await failure(sendMail(mail(`smtps://someuser:pa%3Ass%40word@127.0.0.1:${port}`)));
  expect(error.message).toMatch(/self-signed certificate/);
  expect(error.transient).toBe(false);
  expect(received).toEqual([]);
});

it("says that the login failed, once, and shows neither user nor password", async () => {
  let logins = 0;
  const { port } = await mailServer({
    secure: true,
    ...tls,
    onAuth: ({ password, username }, _, done) => {
      logins++;
      done(new Error(`${username} may not use ${password}`));
    },
  });
  const error = await failure(sendMail({ ...mail(`smtps://someuser:wrong-secret@127.0.0.1:${port}`), ca: tls.cert }));
  expect(error).toMatchObject({ responseCode: 535, transient: false });
  expect(error.message).toContain("Invalid login");
  expect(logins).toBe(1);
});

it("tries again when the server says later, and not when it refuses a receiver", async () => {
  let tries = 0;
  const later = await mailServer({
    onMailFrom: (_, __, done) => done(tries++ === 0 ? Object.assign(new Error("later"), { responseCode: 451 }) : null),
  });
  await sendMail(mail(`smtp://127.0.0.1:${later.port}`));
  expect(later.received).toHaveLength(1);
  const never = await mailServer({
    onRcptTo: (_, __, done) => done(Object.assign(new Error("no such user"), { responseCode: 550 })),
  });
  const error = await failure(sendMail(mail(`smtp://127.0.0.1:${never.port}`)));
  expect(error).toMatchObject({ responseCode: 550, transient: false });
});

it("gives up on a server that is silent or gone", async () => {
  let connections = 0;
  const silent = createServer(() => connections++);
  servers.push(silent);
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as AddressInfo;
  const slow = { ...mail(`smtp://127.0.0.1:${port}`), timeoutSeconds: 0.05, retryDelaysMs: [1] };
  expect((await failure(sendMail(slow))).transient).toBe(true);
  await expect.poll(() => connections).toBe(2);
  const gone = await failure(sendMail(mail("smtp://127.0.0.1:1")));
  expect(gone.message).toContain("ECONNREFUSED");
  expect((await failure(sendMail(mail("pa:ss@word")))).transient).toBe(false);
});

it("leaves a server alone that is down; one that says later is not", async () => {
  const { port } = await mailServer({
    onMailFrom: (_, __, done) => done(Object.assign(new Error("later"), { responseCode: 451 })),
  });
  const send = (at: number) => failure(sendMail({ ...mail(`smtp://127.0.0.1:${at}`), retryDelaysMs: [] }));
  for (let count = 0; count < 6; count++) expect((await send(port)).responseCode).toBe(451);
  for (let count = 0; count < 5; count++) expect((await send(2)).message).toContain("ECONNREFUSED");
  const error = await send(2);
  expect(error).toMatchObject({ transient: true, responseCode: undefined });
  expect(error.message).toMatch(/127\.0\.0\.1:2 failed too often and is not asked again for \d+ s/);
});
