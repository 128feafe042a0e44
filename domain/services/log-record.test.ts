import { expect, test } from "vitest";
import { logRecord } from "./log-record.ts";

const origin = { service: "web", container: "shop-web-1", stream: "stdout" as const };
const record = (text: string) => logRecord({ ...origin, time: "2026-01-02T03:04:05.6Z", text });
const kept = { ...origin, timestamp: "2026-01-02T03:04:05.6Z" };

test("a line of text is its message", () => {
  expect(record("[error] it {broke}")).toEqual({ ...kept, message: "[error] it {broke}" });
});

test.each([
  ['{"level":"WARNING","msg":"slow","took":3}', { level: "warn", message: "slow", fields: { took: 3 } }],
  ['{"level":50,"time":1,"msg":"broke"}', { level: "error", message: "broke", fields: { time: 1 } }],
  ['{"severity":"CRITICAL","message":"gone"}', { level: "fatal", message: "gone" }],
  [
    '{"levelname":"DEBUG","event":"tick","level":"verbose"}',
    { level: "debug", message: "tick", fields: { level: "verbose" } },
  ],
  ['{"message":"no level","level":7}', { message: "no level", fields: { level: 7 } }],
])("%s is taken apart", (text, expected) => {
  expect(record(text)).toEqual({ ...kept, ...expected });
});

test.each(['{"level":"info","took":3}', '{"half": ', "{}", '["info"]'])(
  "%s keeps the whole line as its message",
  (text) => {
    expect(record(text)).toMatchObject({ ...kept, message: text });
    expect(record(text).fields).toBeUndefined();
  },
);
