import fc from "fast-check";
import { expect, test } from "vitest";
import { parseSampleLines } from "./sample-lines.ts";

const quiet = { gpus: [{ utilization: 0, memoryUsedMiB: 500 }], sshSessions: 0, jobs: 0, loading: false };

test("every field is read, for every GPU", () => {
  expect(parseSampleLines("1767225600 gpu=12,500;99,70123 ssh=2 jobs=1 loading=1\nend\n")).toEqual([
    {
      at: 1_767_225_600_000,
      gpus: [
        { utilization: 12, memoryUsedMiB: 500 },
        { utilization: 99, memoryUsedMiB: 70_123 },
      ],
      sshSessions: 2,
      jobs: 1,
      loading: true,
    },
  ]);
});

test("equal readings on one line are as many as they were", () => {
  const times = parseSampleLines("1000+60x2+61+0 gpu=0,500 ssh=0 jobs=0 loading=0\nend\n")?.map(({ at }) => at);
  expect(times).toEqual([1_000_000, 1_060_000, 1_120_000, 1_181_000, 1_181_000]);
});

test("failed readings and garbage are malformed, at their time or that of the one before", () => {
  const text = "garbage\n1000 gpu=0,500 ssh=0 jobs=0 loading=0\n1060 error no driver\n1120 gpu=0 ssh=0\n\u0007\nend\n";
  expect(parseSampleLines(text)).toEqual([
    { malformed: 'the line "garbage" cannot be read' },
    { at: 1_000_000, ...quiet },
    { at: 1_060_000, malformed: "no driver" },
    { at: 1_120_000, malformed: 'the line "gpu=0 ssh=0" cannot be read' },
    { at: 1_120_000, malformed: 'the line "\\u0007" cannot be read' },
  ]);
});

test.each([["-1,500"], ["0,500;"], ["[N/A],500"], ["0.5,500"], [""]])("GPUs %j cannot be read", (gpus) => {
  expect(parseSampleLines(`1000 gpu=${gpus} ssh=0 jobs=0 loading=0\nend\n`)).toMatchObject([
    { malformed: expect.stringContaining("cannot be read") },
  ]);
});

test("a line that claims more readings than there can be is malformed, and costs nothing", () => {
  const bomb = "1000+1x9999999 gpu=0,500 ssh=0 jobs=0 loading=0\n";
  expect(parseSampleLines(`${bomb}end\n`)).toHaveLength(1);
});

test("an answer that was cut off anywhere is none", () => {
  const whole = "1000+60x2 gpu=0,500 ssh=0 jobs=0 loading=0\n1240 error no driver\nend\n";
  for (let length = 0; length < whole.length; length++)
    expect(parseSampleLines(whole.slice(0, length))).toBeUndefined();
  expect(parseSampleLines(`${whole}more\n`)).toBeUndefined();
});

test("whatever the text, there is an answer", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.stringMatching(/^\d+(\+\d+x\d)? gpu=\d,\d ssh=\d jobs=\d loading=\d$/))),
      (lines) => {
        const parsed = parseSampleLines([...lines.map((line) => line.replaceAll("\n", "")), "end", ""].join("\n"));
        if (!lines.includes("end")) expect(parsed?.length).toBeGreaterThanOrEqual(lines.length);
      },
    ),
  );
});
