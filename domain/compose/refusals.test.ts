import { describe, expect, test } from "vitest";
import { load, refusal } from "./testing/files.ts";
import { mistakes, service } from "./testing/mistakes.ts";

describe("is refused with file and line", () => {
  test.each(mistakes)("%s", (_, text, line, reason, suggestion) => {
    const details = refusal(text);
    expect(details.reason).toContain(`/stack/compose.yaml:${line}: ${reason}`);
    expect(details).toMatchObject({ file: "/stack/compose.yaml", line });
    if (suggestion) expect(details.suggestion).toBe(suggestion);
  });

  test("all mistakes of one kind at once", () => {
    const details = refusal("services:\n  a: {imag: x, prts: [1]}\n  b: {image: x, tty: {}}");
    expect(details.reason).toContain("services.a.imag");
    expect(details.also).toEqual([
      "/stack/compose.yaml:2: services.a.prts: there is no such key",
      "/stack/compose.yaml:3: services.b.tty: must be true or false or text",
    ]);
  });

  test("a mistake of an included file, in that file", () => {
    const details = refusal({
      "compose.yaml": "include: [sub/db.yaml]\nservices: {web: {image: a}}",
      "sub/db.yaml": "services:\n  db:\n    image: postgres\n    prots: []",
    });
    expect(details).toMatchObject({ file: "/stack/sub/db.yaml", line: 4, path: "services.db.prots" });
  });

  test("a mistake of an extended service, in its file", () => {
    const details = refusal({
      "compose.yaml": "services:\n  web:\n    extends: {file: sub/base.yaml, service: base}\n",
      "sub/base.yaml": "services:\n  base:\n    image: a\n    ports:\n      - nine:80\n",
    });
    expect(details).toMatchObject({ file: "/stack/sub/base.yaml", line: 5 });
  });

  test("a name that two files declare differently", () => {
    const details = refusal({
      "compose.yaml": "include: [db.yaml]\nservices:\n  db: {image: mysql}",
      "db.yaml": "services:\n  db: {image: postgres}",
    });
    expect(details.reason).toBe(
      "/stack/compose.yaml:3: services.db: is declared differently in the included file, at /stack/db.yaml:2",
    );
  });

  test("text where services belong, beside an include", () => {
    const details = refusal({
      "compose.yaml": "include: [db.yaml]\nservices: web",
      "db.yaml": "services: {db: {image: a}}",
    });
    expect(details.reason).toBe("/stack/compose.yaml:2: services: must be a mapping");
  });

  test("files that include each other", () => {
    const details = refusal({ "compose.yaml": "include: [b.yaml]", "b.yaml": "include: [compose.yaml]" });
    expect(details.reason).toContain(
      "includes itself: /stack/compose.yaml includes /stack/b.yaml includes /stack/compose.yaml",
    );
  });

  test("a list over a mapping", () => {
    const files = { "compose.yaml": service("    deploy: {replicas: 1}"), "b.yaml": "services: {web: {deploy: [1]}}" };
    const details = refusal(files, { files: ["/stack/compose.yaml", "/stack/b.yaml"] });
    expect(details.reason).toContain(
      "/stack/b.yaml:1: services.web.deploy: is a list here and a mapping at /stack/compose.yaml:4",
    );
  });

  test("a broken line of an environment file, with its line", () => {
    const details = refusal({ "compose.yaml": service("    env_file: a.env"), "a.env": "A=1\nB C=2\n" });
    expect(details).toMatchObject({
      file: "/stack/a.env",
      line: 2,
      reason: '/stack/a.env:2: "B C" is no name of a variable',
    });
  });

  test("a dependency whose profile is not active", () => {
    const text = "services:\n  web: {image: a, depends_on: [debug]}\n  debug: {image: a, profiles: [debug]}";
    expect(refusal(text).suggestion).toBe("activate the profile, or write required: false");
    expect(Object.keys(load(text, { profiles: ["debug"] }).project.services)).toEqual(["debug", "web"]);
  });

  test("a project name with capitals, asked for", () => {
    expect(refusal(service(""), { name: "Shop" }).reason).toContain('the project name "Shop" is none');
  });
});
