import type { Check } from "./check.ts";
import { type TextFile, trackedFiles } from "./tracked-files.ts";

/** A member of an exported arguments interface, with the doc comment that stands right before it. */
interface Member {
  owner: string;
  name: string;
  optional: boolean;
  doc: string | undefined;
  line: number;
}

/** How a comment says what a change of the argument does to what is running. */
const saysWhatAChangeDoes = /\bchang(e|es|ed|ing)\b/i;

/** What the doc comments of `export interface ...Args` leave out: all of it, the default, what a change does. */
export function argumentFindings(files: TextFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    argumentMembers(text).flatMap((member) => {
      const place = `${path}:${member.line}: ${member.owner}.${member.name}`;
      if (member.doc === undefined) return [`${place} has no doc comment`];
      const findings: string[] = [];
      if (member.optional && !member.doc.includes("@default"))
        findings.push(`${place} is optional and has no @default`);
      if (!saysWhatAChangeDoes.test(member.doc)) findings.push(`${place} does not say what a change of it does`);
      return findings;
    }),
  );
}

/** The members of every exported interface whose name ends in `Args`; relies on the formatter's two spaces. */
function argumentMembers(text: string): Member[] {
  const members: Member[] = [];
  let owner: string | undefined;
  let doc: string | undefined;
  let open = false;
  for (const [index, line] of text.split("\n").entries()) {
    const start = /^export interface (\w+Args)\b.*\{$/.exec(line);
    if (start) owner = start[1];
    else if (line === "}") owner = undefined;
    if (!owner || start) continue;
    if (/^ {2}\/\*\*/.test(line)) doc = "";
    if (doc !== undefined && (open || /^ {2}\/\*\*/.test(line))) {
      doc += `${line}\n`;
      open = !line.includes("*/");
      continue;
    }
    const member = /^ {2}(?:readonly )?(\w+)(\?)?:/.exec(line);
    if (!member) continue;
    members.push({ owner, name: member[1] ?? "", optional: member[2] === "?", doc, line: index + 1 });
    doc = undefined;
  }
  return members;
}

/** Every argument of an exported component says what it is, its default, and what a change does. */
export const argumentDocs: Check = {
  name: "argument docs",
  run: async (root) => {
    const files = await trackedFiles(root);
    return argumentFindings(files.filter(({ path }) => /^components\/.*(?<!\.test)\.ts$/.test(path)));
  },
};
