import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Image } from "../objects.ts";

/** A droplet size, as the API shows it; `regions` are those that have it. */
export interface Size {
  slug: string;
  /** MiB. */
  memory: number;
  vcpus: number;
  /** GiB. */
  disk: number;
  /** TB a month. */
  transfer: number;
  price_monthly: number;
  price_hourly: number;
  regions: string[];
  available: boolean;
  description: string;
  disk_info: { type: "local" | "scratch"; size: { amount: number; unit: string } }[];
  gpu_info?: { count: number; model: string; vram: { amount: number; unit: string } };
}

export interface Region {
  name: string;
  slug: string;
  features: string[];
  available: boolean;
  sizes: string[];
}

/** DigitalOcean's own sizes, regions and images. */
export interface Catalog {
  sizes: Map<string, Size>;
  regions: Map<string, Region>;
  images: Image[];
  imageById: Map<number, Image>;
  imageBySlug: Map<string, Image>;
}

interface SizeRow {
  vcpus: number;
  memory: number;
  disk: number;
  transfer: number;
}

interface SizesFile {
  cpu: {
    families: {
      description: string;
      regions: string | string[];
      sizes: Record<string, SizeRow & { price_monthly: number }>;
    }[];
  };
  gpu: {
    sizes: Record<
      string,
      {
        description: string;
        gpu: { model: string; count: number; vram: number };
        shape: SizeRow & { scratch: number };
        price: { hourly: number };
        regions: string[];
      }
    >;
  };
}

interface RegionsFile {
  lists: Record<string, string[]>;
  features: string[];
  regions: Record<string, { name: string; available?: boolean }>;
}

type ImagesFile = {
  images: Record<
    string,
    {
      id: number;
      name: string;
      distribution: string;
      size: number;
      min_disk: number;
      created_at: string;
      gpu?: boolean;
      docker?: boolean;
      application?: boolean;
    }
  >;
};

/** Hours of the month that a CPU size's hourly price is a part of, and after which a month costs no more. */
export const CPU_MONTH_HOURS = 672;
/** Hours of the month that the API shows for GPU sizes. */
const GPU_MONTH_HOURS = 744;

const FOLDER = join(import.meta.dirname, "../../../catalog/digitalocean");

/** Reads `catalog/digitalocean/*.yaml`. */
export function loadCatalog(folder = FOLDER): Catalog {
  const read = <T>(name: string) => parse(readFileSync(join(folder, name), "utf8")) as T;
  const regionsFile = read<RegionsFile>("regions.yaml");
  const sizes = readSizes(read<SizesFile>("sizes.yaml"), regionsFile.lists);
  const regions = new Map<string, Region>();
  for (const [slug, row] of Object.entries(regionsFile.regions)) {
    const own = sizes.filter((size) => size.regions.includes(slug)).map((size) => size.slug);
    const available = row.available !== false;
    regions.set(slug, { name: row.name, slug, features: regionsFile.features, available, sizes: own });
  }
  const images = readImages(read<ImagesFile>("images.yaml"), [...regions.values()]);
  return {
    sizes: new Map(sizes.map((size) => [size.slug, size])),
    regions,
    images,
    imageById: new Map(images.map((image) => [image.id, image])),
    imageBySlug: new Map(images.map((image) => [image.slug as string, image])),
  };
}

function readSizes(file: SizesFile, lists: Record<string, string[]>): Size[] {
  const sizes: Size[] = [];
  for (const family of file.cpu.families) {
    const regions = typeof family.regions === "string" ? (lists[family.regions] ?? []) : family.regions;
    for (const [slug, { price_monthly, ...shape }] of Object.entries(family.sizes)) {
      const price_hourly = round(price_monthly / CPU_MONTH_HOURS, 5);
      const { description } = family;
      const disk_info: Size["disk_info"] = [{ type: "local", size: { amount: shape.disk, unit: "gib" } }];
      sizes.push({ slug, ...shape, price_monthly, price_hourly, regions, available: true, description, disk_info });
    }
  }
  for (const [slug, row] of Object.entries(file.gpu.sizes)) {
    const { scratch, ...shape } = row.shape;
    const { count, model, vram } = row.gpu;
    const disk_info: Size["disk_info"] = [{ type: "local", size: { amount: shape.disk, unit: "gib" } }];
    if (scratch > 0) disk_info.push({ type: "scratch", size: { amount: scratch, unit: "gib" } });
    sizes.push({
      slug,
      ...shape,
      price_monthly: round(row.price.hourly * GPU_MONTH_HOURS, 2),
      price_hourly: row.price.hourly,
      regions: row.regions,
      available: true,
      description: row.description,
      disk_info,
      gpu_info: { count, model, vram: { amount: vram * count, unit: "gib" } },
    });
  }
  return sizes;
}

function readImages(file: ImagesFile, regions: Region[]): Image[] {
  const everywhere = regions.filter((region) => region.available).map((region) => region.slug);
  return Object.entries(file.images).map(([slug, row]) => ({
    id: row.id,
    name: row.name,
    type: row.application ? "snapshot" : "base",
    distribution: row.distribution,
    slug,
    public: true,
    regions: everywhere,
    createdAt: row.created_at,
    minDiskGiB: row.min_disk,
    sizeGiB: row.size,
    description: `${row.distribution} ${row.name}`,
    tags: [],
    gpu: row.gpu === true,
    docker: row.docker === true || row.gpu === true,
  }));
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
