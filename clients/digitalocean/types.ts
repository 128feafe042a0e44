import type { StoredSnapshot, StoredVolume } from "../../domain/retention.ts";

/** The parts of DigitalOcean's API objects that Windlass reads, spelled as the API spells them. */
export interface Account {
  uuid: string;
  email: string;
  status: "active" | "warning" | "locked";
  status_message: string;
  droplet_limit: number;
  volume_limit?: number;
  floating_ip_limit: number;
  team?: { uuid: string; name: string };
}

export interface GpuInfo {
  count: number;
  model: string;
  vram: { amount: number; unit: string };
}

export interface Size {
  slug: string;
  description: string;
  vcpus: number;
  /** MiB. */
  memory: number;
  /** GiB. */
  disk: number;
  /** USD. */
  price_hourly: number;
  /** USD. */
  price_monthly: number;
  regions: string[];
  available: boolean;
  gpu_info?: GpuInfo;
}

export interface Region {
  slug: string;
  name: string;
  available: boolean;
  sizes: string[];
  features: string[];
}

export interface Image {
  id: number;
  name: string;
  slug: string | null;
  type: string;
  public: boolean;
  regions: string[];
  /** `available`, `pending`, `deleted`, `retired`, `NEW`. */
  status: string;
  /** GiB. */
  size_gigabytes?: number;
  tags?: string[];
  created_at?: string;
}

export interface DropletNetwork {
  ip_address: string;
  type: "public" | "private";
}

export interface Droplet {
  id: number;
  name: string;
  status: "new" | "active" | "off" | "archive";
  locked: boolean;
  size_slug: string;
  region: { slug: string };
  image: { id: number; slug: string | null };
  vpc_uuid: string;
  volume_ids: string[];
  tags: string[];
  created_at: string;
  networks: { v4: DropletNetwork[] };
  gpu_info?: GpuInfo;
}

export interface Volume extends StoredVolume {
  created_at: string;
  filesystem_type?: string;
}

export interface Vpc {
  id: string;
  name: string;
  region: string;
  ip_range: string;
  default: boolean;
  created_at: string;
}

export interface Firewall {
  id: string;
  name: string;
  status: "waiting" | "succeeded" | "failed";
  droplet_ids: number[] | null;
  tags: string[] | null;
  created_at: string;
}

export interface SshKey {
  id: number;
  name: string;
  fingerprint: string;
  public_key: string;
}

export interface Snapshot extends StoredSnapshot {
  regions: string[];
}

export interface ReservedIp {
  ip: string;
  region: { slug: string };
  droplet: { id: number } | null;
  locked: boolean;
}

export interface Action {
  id: number;
  type: string;
  status: "in-progress" | "completed" | "errored";
  started_at: string;
  completed_at: string | null;
  resource_id: number | null;
  resource_type: string;
}

export interface Tag {
  name: string;
  resources: { count: number };
}

/** All amounts are strings of USD, as the API sends them. */
export interface Balance {
  month_to_date_balance: string;
  account_balance: string;
  month_to_date_usage: string;
  generated_at: string;
}

/** An invoice, or the preview of the one of this month. */
export interface Invoice {
  invoice_uuid: string;
  /** USD. */
  amount: string;
  /** `2026-11`. */
  invoice_period: string;
  updated_at?: string;
}

/** One line of an invoice: one price that one resource had for some time. */
export interface InvoiceItem {
  /** `Droplets`, `Volumes`. */
  product: string;
  resource_uuid: string;
  resource_id: string;
  /** Of grouped lines: the cluster, the database. */
  group_description: string;
  description: string;
  /** USD. */
  amount: string;
  duration: string;
  duration_unit: string;
  start_time: string;
  end_time: string;
  project_name: string;
}

/** What one resource was charged on one day, by the nightly estimate of the invoice. */
export interface BillingDataPoint {
  usage_team_urn: string;
  /** `2026-11-21`. */
  start_date: string;
  /** USD. */
  total_amount: string;
  region: string;
  sku: string;
  description: string;
  group_description: string;
}

/** A Prometheus matrix: times in seconds since 1970, values as text. */
export interface MetricSeries {
  metric: Record<string, string>;
  values: [number, string][];
}
