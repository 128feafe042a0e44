import { unprocessable } from "../wire.ts";

/** GiB; source: Volumes Limits page. */
const MAXIMUM_GIB = 16_384;

/** A whole number of GiB within DigitalOcean's limits. */
export function validSize(value: unknown, minimum: number): number {
  const size = Number(value);
  if (!Number.isInteger(size) || size < minimum || size > MAXIMUM_GIB)
    throw unprocessable(`size_gigabytes must be between ${minimum} and ${MAXIMUM_GIB}`);
  return size;
}
