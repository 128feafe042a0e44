import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { breakers } from "../resilience/index.ts";
import { postToSlack, SlackError } from "./webhook.ts";

const SECRET = "/services/T000/B000/verySecretPart";
const quick = { retryDelaysMs: [1, 1, 1] };
let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A real receiver that answers with these status codes in order, the last one from then on; undefined answers nothing. */
async function receiver(...answers: (number | undefined)[]) {
  const bodies: string[] = [];
  let next = 0;
  const own = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      bodies.push(body);
      const status = answers[Math.min(next++, answers.length - 1)];
      if (status === undefined) return;
      response.writeHead(status, status === 429 ? { "retry-after": "0" } : {}).end(`no such ${request.url}`);
    });
  });
  server = own;
  await new Promise<void>((resolve) => own.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(own.address() as AddressInfo).port}${SECRET}`, bodies };
}

async function failure(sending: Promise<void>): Promise<SlackError> {
  const error = await sending.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SlackError);
  expect(String(error)).not.toContain("verySecretPart");
  return error as SlackError;
}

it("posts the text as JSON", async () => {
  const { url, bodies } = await receiver(200);
  await postToSlack({ url, text: 'stopped "gpu-1"\n& more', ...quick });
  expect(bodies.map((body) => JSON.parse(body))).toEqual([{ text: 'stopped "gpu-1"\n& more' }]);
});

it("tries again when Slack is busy", async () => {
  const { url, bodies } = await receiver(503, 429, 200);
  await postToSlack({ url, text: "x", ...quick });
  expect(bodies).toHaveLength(3);
});

it("does not try again what Slack refuses, and does not show the address", async () => {
  const { url, bodies } = await receiver(404);
  const error = await failure(postToSlack({ url, text: "x", ...quick }));
  expect(error).toMatchObject({ status: 404, message: expect.stringContaining("answered 404: no such") });
  expect(bodies).toHaveLength(1);
});

it("gives up after the last try, on silence too", async () => {
  const { url } = await receiver(undefined);
  const error = await failure(postToSlack({ url, text: "x", retryDelaysMs: [1], timeoutSeconds: 0.05 }));
  expect(error).toMatchObject({ status: 0, message: expect.stringContaining("no answer within 0.05 s") });
  // Not by what the receiver saw: a try may be over before it got there.
  const { counts } = breakers.list().find(({ destination }) => url.includes(destination)) ?? {};
  expect(counts).toMatchObject({ failed: 1, retried: 1 });
});

it("leaves a Slack alone that is down, and does not show the address", async () => {
  const { url, bodies } = await receiver(503);
  for (let count = 0; count < 5; count++) await failure(postToSlack({ url, text: "x", retryDelaysMs: [] }));
  const error = await failure(postToSlack({ url, text: "x", ...quick }));
  expect(error).toMatchObject({
    status: 0,
    message: expect.stringContaining("failed too often and is not asked again"),
  });
  expect(bodies).toHaveLength(5);
});

it("says when nobody listens, or the address is none", async () => {
  const url = `http://127.0.0.1:2${SECRET}`;
  expect((await failure(postToSlack({ url, text: "x", ...quick }))).message).toContain("ECONNREFUSED");
  expect((await failure(postToSlack({ url: "verySecretPart", text: "x", ...quick }))).message).not.toBe("");
});
