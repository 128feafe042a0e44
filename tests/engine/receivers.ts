import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";

/** Somebody who gets the notices: a real webhook and a real mail server on loopback. */
export interface Receivers {
  slackUrl: string;
  smtpUrl: string;
  /** Texts that were posted. */
  slack: string[];
  /** Whole mails. */
  mails: string[];
  close(): Promise<void>;
}

/** Starts both. */
export async function receivers(): Promise<Receivers> {
  const [slack, mails]: [string[], string[]] = [[], []];
  const web = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      slack.push((JSON.parse(body) as { text: string }).text);
      response.end("ok");
    });
  });
  const mail = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onData: (stream, _, done) => {
      let content = "";
      stream.on("data", (chunk) => {
        content += chunk;
      });
      stream.on("end", () => {
        mails.push(content);
        done();
      });
    },
  });
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => mail.listen(0, "127.0.0.1", resolve));
  const port = (address: unknown) => (address as AddressInfo).port;
  return {
    slackUrl: `http://127.0.0.1:${port(web.address())}/hook`,
    smtpUrl: `smtp://127.0.0.1:${port(mail.server.address())}`,
    ...{ slack, mails },
    close: async () => {
      web.closeAllConnections();
      await new Promise<void>((resolve) => web.close(() => resolve()));
      await new Promise<void>((resolve) => mail.close(resolve));
    },
  };
}
