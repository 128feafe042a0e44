import { UserError } from "./errors.ts";
import { failureLine } from "./failure-line.ts";
import { quote } from "./shell.ts";

/** The steps that set a node up, by the names of their files in catalog/bootstrap, each with its longest run in seconds. */
export const STEP_LIMITS = {
  /** NVIDIA's packages are gigabytes where they are missing. */
  "10-driver": 1800,
  "20-docker": 600,
  "30-nvidia-runtime": 600,
  "40-volume": 600,
  "50-repository": 900,
  /** Reads every byte of the data set again. */
  "60-data": 3600,
  "70-training": 120,
  "80-checkpoint": 1800,
  "85-watch": 300,
} as const;

/** Name of a step. */
export type StepName = keyof typeof STEP_LIMITS;

/** Texts of the parts a step is made of. */
export interface StepText {
  /** `prelude.sh`: what all steps share. */
  prelude: string;
  /** The step's own file. */
  body: string;
}

/** The whole script of a step. Its text decides whether it has to run again, so it holds nothing that changes by itself. */
export function renderStep(step: StepName, text: StepText, variables: Readonly<Record<string, string>>): string {
  const all = { STEP: step, LIMIT: String(STEP_LIMITS[step]), ...variables };
  const assignments = Object.entries(all).map(([name, value]) => `${name}=${quote(value)}\n`);
  return `${assignments.join("")}\n${text.prelude}\n${text.body}\nrun_step "$@"\n`;
}

/** Steps whose variables hold secrets: their scripts are for root's eyes alone. */
const SECRET_STEPS: readonly StepName[] = ["85-watch"];

/**
 * The command that takes a step's script from its standard input, keeps it on the node (where it can be run again by hand) and
 * runs it. The script does not read the command's input: a program in it that reads would eat the rest of the script.
 */
export function stepCommand(step: StepName): string {
  const file = `/var/lib/windlass/steps/${step}.sh`;
  const cat = SECRET_STEPS.includes(step) ? `rm -f ${file} && (umask 077 && cat >${file})` : `cat >${file}`;
  const kept = `umask 022 && mkdir -p /var/lib/windlass/steps && ${cat}`;
  return `{ ${kept}; } || { echo ${quote(failureLine(cannotKeep(step)))} >&2; exit 1; }; exec bash -euo pipefail ${file} </dev/null`;
}

function cannotKeep(step: StepName): UserError {
  return new UserError("BootstrapFailed", {
    step,
    reason: `${step}: the root disk of the node is full or cannot be written`,
    suggestion: "make room there (df -h /), then run windlass up again: it goes on from this step",
  });
}
