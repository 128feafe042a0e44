/** What the engine is asked for. */
export interface DeviceRequest {
  Driver?: string;
  Count?: number;
  DeviceIDs?: string[];
  Capabilities?: string[][];
  Options?: Record<string, string>;
}

/**
 * Reads a GPU request as `docker run --gpus` does: `all`, a number, or `device=ID,ID`, `count=N`, `driver=NAME`, `capabilities=NAME,NAME`.
 * @throws Error when it is none of these
 */
export function gpuRequest(given: string): DeviceRequest {
  const value = given.trim().replace(/^(["'])(.*)\1$/, "$2");
  if (value === "all") return request({ Count: -1 });
  if (/^\d+$/.test(value)) return request({ Count: Number(value) });
  const made: DeviceRequest = {};
  for (const [key, words] of settings(value)) {
    if (key === "device") made.DeviceIDs = words;
    else if (key === "count") made.Count = words[0] === "all" ? -1 : Number(words[0]);
    else if (key === "driver") made.Driver = words[0];
    else if (key === "capabilities") made.Capabilities = [[...new Set(["gpu", ...words])]];
    else throw new Error(`gpus "${given}": expected all, a number, or device=ID,ID`);
  }
  if (Number.isNaN(made.Count)) throw new Error(`gpus "${given}": count is no number`);
  return request(made.DeviceIDs || made.Count !== undefined ? made : { ...made, Count: 1 });
}

function request(made: DeviceRequest): DeviceRequest {
  return { Capabilities: [["gpu"]], ...made };
}

/** `device=0,1,driver=nvidia`: a word without `=` belongs to the key before it. */
function settings(value: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let key = "";
  for (const part of value.replaceAll('"', "").split(",")) {
    const at = part.indexOf("=");
    if (at >= 0) key = part.slice(0, at).trim();
    found.set(key, [...(found.get(key) ?? []), part.slice(at + 1).trim()]);
  }
  return found;
}

/** The same request as a text; undefined when it is none that a text can say. */
export function gpusText(requests: readonly DeviceRequest[] | null | undefined): string | undefined {
  const [only, ...others] = requests ?? [];
  if (!only || others.length > 0 || !only.Capabilities?.flat().includes("gpu")) return undefined;
  if (only.DeviceIDs?.length) return `device=${only.DeviceIDs.join(",")}`;
  return only.Count === -1 ? "all" : only.Count === undefined ? undefined : String(only.Count);
}
