import type { Verdict } from "./config-fields.ts";

/** `gpu-<model>x<count>-<total video memory>gb`, with a suffix on some. */
const GPU_SLUG = /^gpu-[a-z0-9]+x\d+-\d+gb(-[a-z0-9]+)?$/;

/** AMD's models: their images carry no NVIDIA driver, which the bootstrap verifies. */
const AMD = /^gpu-mi\d/;

/**
 * What is wrong with the spelling of a GPU size, or nothing. Whether it exists in a region is asked of the API before
 * anything is made.
 */
export function sizeProblem(given: string): Verdict {
  const legacy = /h100x?([18])?$/.exec(given);
  if (!given.startsWith("gpu-") && legacy) {
    const slug = legacy[1] === "8" ? "gpu-h100x8-640gb" : "gpu-h100x1-80gb";
    return { reason: "is no size of DigitalOcean (g- sizes have no GPU)", fix: `write ${slug}` };
  }
  if (!GPU_SLUG.test(given))
    return { reason: "must be a GPU size slug, gpu-<model>x<count>-<memory>gb", fix: "for example gpu-h100x1-80gb" };
  if (AMD.test(given))
    return { reason: "is an AMD size, and the bootstrap sets up NVIDIA nodes", fix: "for example gpu-h100x1-80gb" };
  return undefined;
}
