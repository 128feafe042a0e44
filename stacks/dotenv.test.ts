import fc from "fast-check";
import { expect, test } from "vitest";
import { UserError } from "../domain/errors.ts";
import { exportDotenv, importDotenv } from "./dotenv.ts";

const documented = `# DigitalOcean
DO_API_TOKEN=dop_v1_0123456789
DO_REGION=sgp1  # Singapore (closest to PH)
DO_SIZE_GPU=gpu-h100x1-80gb
DO_SIZE_CPU=c-8-intel  # CPU-optimized for inference
DO_VOLUME_SIZE_GB=500
DO_VOLUME_ID=vol-abc123  # Reuse existing volume

# Docker
DOCKER_IMAGE_TRAIN=tbwa-smp/finance-smollm3-train:latest
DOCKER_IMAGE_INFERENCE=tbwa-smp/finance-smollm3-vllm:latest

VPC_UUID=vpc-xyz789
INFERENCE_DOMAIN=finance-ai.tbwa-smp.com
SSL_CERT_PATH=/etc/letsencrypt/live/finance-ai.tbwa-smp.com/

AUTO_SHUTDOWN_HOURS=24  # Shutdown GPU after 24h idle
SNAPSHOT_ON_STOP=true
MAX_MONTHLY_SPEND_USD=1000
`;

test("the documented .env becomes stack config, its token a secret", () => {
  const config = importDotenv(documented);
  expect(config.secrets).toEqual({ "digitalocean:token": "dop_v1_0123456789" });
  expect(config.values).toEqual({
    "windlass:region": "sgp1",
    "windlass:gpuSize": "gpu-h100x1-80gb",
    "windlass:sizeCpu": "c-8-intel",
    "windlass:volumeSizeGiB": "500",
    "windlass:volumeId": "vol-abc123",
    "windlass:dockerImageTrain": "tbwa-smp/finance-smollm3-train:latest",
    "windlass:dockerImageInference": "tbwa-smp/finance-smollm3-vllm:latest",
    "windlass:vpcId": "vpc-xyz789",
    "windlass:inferenceDomain": "finance-ai.tbwa-smp.com",
    "windlass:sslCertPath": "/etc/letsencrypt/live/finance-ai.tbwa-smp.com/",
    "windlass:autoShutdownHours": "24",
    "windlass:snapshotOnStop": "true",
    "windlass:maxMonthlySpendUsd": "1000",
  });
});

test("any values survive export and import", () => {
  const keys = Object.keys(importDotenv(documented).values);
  const value = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !/[\r\n]/.test(text));
  const record = fc.dictionary(fc.constantFrom(...keys), value);
  fc.assert(
    fc.property(record, fc.option(value, { nil: undefined }), (dictionary, token) => {
      const values = { ...dictionary };
      const secrets: Record<string, string> = token === undefined ? {} : { "digitalocean:token": token };
      expect(importDotenv(exportDotenv({ values, secrets }))).toEqual({ values, secrets });
    }),
  );
});

test("every bad line is named, and no value of theirs is shown", () => {
  const text = "DO_REGIN=tor1\nnonsense\nDO_REGION=tor1\nDO_REGION=ams3\nDO_API_TOKN=dop_v1_secret\n";
  let error: unknown;
  try {
    importDotenv(text);
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).details.reason.split("\n")).toEqual([
    ".env:1: unknown name DO_REGIN; did you mean DO_REGION?",
    ".env:2: is no NAME=value assignment",
    ".env:4: DO_REGION is already set on line 3",
    ".env:5: unknown name DO_API_TOKN; did you mean DO_API_TOKEN?",
  ]);
});
