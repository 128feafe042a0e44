import { expect, test } from "vitest";
import { servicesDocument } from "./service-tables.ts";

test("docs/services.md has the catalog as it is now: node tools/docs/service-tables.ts", () => {
  const { is, should } = servicesDocument();
  expect(is).toBe(should);
});
