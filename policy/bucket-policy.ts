import { readNetwork, worldly } from "./networks.ts";

/** A statement of a bucket's policy that lets everybody in. */
export interface PublicStatement {
  /** Its Sid, or its place. */
  name: string;
  actions: string[];
}

interface Statement {
  Sid?: unknown;
  Effect?: unknown;
  Principal?: unknown;
  NotPrincipal?: unknown;
  Action?: unknown;
  NotAction?: unknown;
  Condition?: unknown;
}

/**
 * Statements that allow something to every principal, and not only from known addresses. Undefined where the text is no policy.
 * Source: docs.aws.amazon.com, "The meaning of public", and docs.digitalocean.com, Spaces bucket policies.
 */
export function publicStatements(policy: string): PublicStatement[] | undefined {
  let read: unknown;
  try {
    read = JSON.parse(policy);
  } catch {
    return undefined;
  }
  const given = (read as { Statement?: unknown } | null)?.Statement;
  if (typeof given !== "object" || given === null) return undefined;
  return list(given).flatMap((one, index) => {
    if (typeof one !== "object" || one === null) return [];
    const statement = one as Statement;
    if (!isForEverybody(statement) || isLimited(statement.Condition)) return [];
    const name = typeof statement.Sid === "string" && statement.Sid ? statement.Sid : `statement ${index + 1}`;
    const actions = statement.Action === undefined ? ["nearly everything"] : list(statement.Action).map(String);
    return [{ name, actions }];
  });
}

/** Everything but some principals is everybody too. */
function isForEverybody({ Effect, Principal, NotPrincipal }: Statement): boolean {
  if (String(Effect).toLowerCase() !== "allow") return false;
  if (NotPrincipal !== undefined) return true;
  if (typeof Principal !== "object" || Principal === null) return Principal === "*";
  return Object.values(Principal).some((names) => list(names).includes("*"));
}

/** Whether the addresses that may ask are known ones. Another condition (a referer, a date) everybody can meet. */
function isLimited(condition: unknown): boolean {
  const operators = Object.entries((condition ?? {}) as Record<string, unknown>);
  return operators.some(([operator, keys]) => {
    if (operator.toLowerCase() !== "ipaddress") return false;
    const addresses = Object.entries(keys as Record<string, unknown>).filter(
      ([key]) => key.toLowerCase() === "aws:sourceip",
    );
    const networks = addresses.flatMap(([, value]) => list(value).map((one) => readNetwork(String(one))));
    const known = networks.filter((one) => one !== undefined);
    return known.length > 0 && known.length === networks.length && worldly(known).length === 0;
  });
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}
