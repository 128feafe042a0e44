/** The part of autocannon (which has no types of its own) that the benchmarks use. */
declare module "autocannon" {
  interface Options {
    url: string;
    headers?: Record<string, string>;
    connections: number;
    /** Seconds. */
    duration: number;
    /** Puts a new id in the place of `[<id>]` in every request. */
    idReplacement?: boolean;
  }
  interface Result {
    requests: { average: number };
    non2xx: number;
    errors: number;
  }
  export default function autocannon(options: Options): Promise<Result>;
}
