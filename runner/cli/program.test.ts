import { expect, test } from "vitest";
import { buildProgram, optionsLast } from "./program.ts";

test.each([
  ["--json up --yes", "up --json --yes"],
  ["-s prod up", "up -s prod"],
  ["--stack prod node exec -- ls -l", "node exec --stack prod -- ls -l"],
  ["-C /tmp local start --port 1", "local start -C /tmp --port 1"],
  ["up --yes", "up --yes"],
  ["--help", "--help"],
  ["--version", "--version"],
])("windlass %s is read as windlass %s", (given, read) => {
  expect(optionsLast(given.split(" "))).toEqual(read.split(" "));
});

test("every command has a summary in the help, and examples in its own", { timeout: 60_000 }, async () => {
  const program = await buildProgram([]);
  expect(program.commands.length).toBeGreaterThan(10);
  for (const { name, description } of program.commands.map((c) => ({ name: c.name(), description: c.description() }))) {
    expect(description, name).not.toBe("");
    const built = await buildProgram([name]);
    const command = built.commands.find((candidate) => candidate.name() === name);
    let text = "";
    command?.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
    expect(text.split("Examples:")[1], name).toContain(`windlass ${name}`);
  }
});

test.each([
  "node exec --stack nosuch -- ls",
  "backup list --stack nosuch",
  "backup --stack nosuch",
  "cost forecast --stack nosuch",
  "cost --stack nosuch actual",
  "cost --stack nosuch advice",
])("windlass %s is about that stack, and no other", async (words) => {
  const program = await buildProgram(words.split(" "));
  await expect(program.parseAsync(words.split(" "), { from: "user" })).rejects.toThrow(
    "there is no Pulumi.nosuch.yaml",
  );
});
