import { expect, test } from "vitest";
import { redact } from "./redaction.ts";

test.each([
  ["token dop_v1_0123abcdef failed", "token [redacted] failed"],
  ["Authorization: Bearer abc.def-123", "Authorization: Bearer [redacted]"],
  ["clone https://me:hunter22@github.com/x", "clone https://me:[redacted]@github.com/x"],
  ["key DO00ABCDEFGHIJKLMNOP set", "key [redacted] set"],
  ["-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\nrest", "[redacted]\nrest"],
  ["http://127.0.0.1:8080/v2 is fine", "http://127.0.0.1:8080/v2 is fine"],
])("%j becomes %j", (text, clean) => expect(redact(text)).toBe(clean));

test("known secrets go wherever they stand", () => {
  expect(redact("x=s3cr3tvalue;", ["s3cr3tvalue"])).toBe("x=[redacted];");
});
