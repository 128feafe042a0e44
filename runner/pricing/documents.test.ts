import { expect, test } from "vitest";
import { previewFailed } from "./documents.ts";

test("the place where a preview failed is told without a terminal's colours", () => {
  const printed = "Error: no such thing\n    at main (file:///srv/shop/\u001b[39mindex.ts:49:3)\n";
  expect(previewFailed(printed).details).toMatchObject({
    reason: "the preview failed: /srv/shop/index.ts:49: Error: no such thing",
    file: "/srv/shop/index.ts",
    line: 49,
  });
});
