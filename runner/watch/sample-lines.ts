import type { Malformed, Sample } from "../../domain/idleness.ts";

/** More readings than a month has at one every five seconds are no answer of ours. */
const MOST_SAMPLES = 1_000_000;

const STAMP = /^(\d{1,12})((?:\+-?\d{1,9}(?:x\d{1,7})?)*) /;

/**
 * Reads what `sample poll` on a node prints (catalog/node/sample.sh): readings with their times in seconds, equal ones on one line, and `end`.
 * A line that cannot be read becomes a Malformed at the time of the one before it. Readings of one line share their figures.
 * Answers undefined where the end is missing, so that half an answer is never taken for a whole one.
 */
export function parseSampleLines(text: string): (Sample | Malformed)[] | undefined {
  const found: (Sample | Malformed)[] = [];
  let last: number | undefined;
  for (let from = 0; from < text.length; ) {
    const newline = text.indexOf("\n", from);
    if (newline < 0) return undefined;
    const line = text.slice(from, newline);
    from = newline + 1;
    if (line === "end") return from === text.length ? found : undefined;
    const stamp = STAMP.exec(line);
    const times = stamp ? timesOf(stamp[1] as string, stamp[2] as string, MOST_SAMPLES - found.length) : undefined;
    if (!stamp || !times) {
      found.push({ ...(last === undefined ? {} : { at: last }), malformed: unreadable(line) });
      continue;
    }
    const reading = readingOf(line.slice(stamp[0].length));
    for (const at of times) found.push({ at, ...reading });
    last = times.at(-1);
  }
  return undefined;
}

/** `1000+60x2+61`: 1000, 1060, 1120 and 1181 s, in milliseconds. Undefined where there are more than allowed. */
function timesOf(first: string, steps: string, most: number): number[] | undefined {
  let at = Number(first) * 1000;
  const times = [at];
  for (const step of steps.split("+").slice(1)) {
    const [gap, count = "1"] = step.split("x");
    if (times.length + Number(count) > most) return undefined;
    for (let index = 0; index < Number(count); index++) {
      at += Number(gap) * 1000;
      times.push(at);
    }
  }
  return times;
}

function readingOf(text: string): Omit<Sample, "at"> | Omit<Malformed, "at"> {
  if (text.startsWith("error ")) return { malformed: text.slice("error ".length) };
  const scan = new Scanner(text);
  const gpus: Sample["gpus"] = [];
  do {
    const utilization = scan.after(gpus.length === 0 ? "gpu=" : ";");
    const memoryUsedMiB = scan.after(",");
    gpus.push({ utilization, memoryUsedMiB });
  } while (scan.sees(";"));
  const [sshSessions, jobs, loading] = [scan.after(" ssh="), scan.after(" jobs="), scan.after(" loading=")];
  if (!scan.isDone() || loading > 1) return { malformed: unreadable(text) };
  return { gpus, sshSessions, jobs, loading: loading === 1 };
}

/** Reads whole numbers after words, without the many strings of a regular expression: a pass reads millions of them. */
class Scanner {
  readonly #text: string;
  #at = 0;
  #failed = false;

  constructor(text: string) {
    this.#text = text;
  }

  sees(word: string): boolean {
    return !this.#failed && this.#text.startsWith(word, this.#at);
  }

  /** The number after that word, which must come next. */
  after(word: string): number {
    if (!this.sees(word)) this.#failed = true;
    const begin = this.#at + word.length;
    let at = begin;
    let value = 0;
    for (; at < begin + 15; at++) {
      const digit = this.#text.charCodeAt(at) - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    if (at === begin) this.#failed = true;
    this.#at = at;
    return value;
  }

  /** Whether everything was there, and nothing else. */
  isDone(): boolean {
    return !this.#failed && this.#at === this.#text.length;
  }
}

function unreadable(line: string): string {
  return `the line ${JSON.stringify(line.slice(0, 80))} cannot be read`;
}
