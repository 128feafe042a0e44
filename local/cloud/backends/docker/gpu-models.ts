/** What the vendor's tool shows of a GPU model; memory and power limit as printed by it on such cards. */
export interface GpuModel {
  name: string;
  memoryMiB: number;
  powerLimitW: number;
}

const models: Record<string, GpuModel> = {
  nvidia_h100: { name: "NVIDIA H100 80GB HBM3", memoryMiB: 81_559, powerLimitW: 700 },
  nvidia_h200: { name: "NVIDIA H200", memoryMiB: 143_771, powerLimitW: 700 },
  nvidia_l40s: { name: "NVIDIA L40S", memoryMiB: 46_068, powerLimitW: 350 },
  nvidia_rtx_6000_ada: { name: "NVIDIA RTX 6000 Ada Generation", memoryMiB: 49_140, powerLimitW: 300 },
  nvidia_rtx_4000_ada: { name: "NVIDIA RTX 4000 Ada Generation", memoryMiB: 20_475, powerLimitW: 130 },
};

/** Looks up a model as the API names it (`nvidia_h100`); one that is not known shows its own name and the size's memory. */
export function gpuModel(model: string, memoryMiB: number): GpuModel {
  return models[model] ?? { name: model, memoryMiB, powerLimitW: 700 };
}
