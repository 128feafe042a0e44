import { createHash } from "node:crypto";

/** The label that a create puts on what it makes, so that a later attempt finds it; it is kept out of the state. */
const OPERATION = "windlass.operation";

export function isOperationLabel(label: string): boolean {
  return label === OPERATION;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** `<who asked for it>-<what was asked for>`: two digests of 16 hexadecimal digits. */
export interface Operation {
  readonly labels: Record<string, string>;
  /** Whether an object was made by this resource; `asked` tells whether it is what is asked for now. */
  made(labels: Labels): { asked: boolean } | undefined;
  /** Whether both were left by one create. */
  isSame(labels: Labels, others: Labels): boolean;
}

type Labels = Record<string, string> | null | undefined;

/**
 * @param urn of the resource
 * @param body of the request that makes the object, without the label
 */
export function operation(urn: string, body: object): Operation {
  const who = digest(urn);
  const mark = `${who}-${digest(JSON.stringify(body))}`;
  return {
    labels: { [OPERATION]: mark },
    made(labels) {
      const found = labels?.[OPERATION];
      return found?.startsWith(`${who}-`) ? { asked: found === mark } : undefined;
    },
    isSame: (labels, others) => labels?.[OPERATION] !== undefined && labels[OPERATION] === others?.[OPERATION],
  };
}
