import { readFileSync } from "node:fs";
import type { Output } from "@pulumi/pulumi";
import { CloudflareTunnel, type CloudflareTunnelArgs } from "../components/cloudflare-tunnel.ts";

/**
 * The program of a tunnel: the component, with the arguments that the runner has written beside the project.
 * @param file JSON of the arguments
 */
export function tunnelProgram(file: string): { tunnelId: Output<string>; token: Output<string> } {
  const args = JSON.parse(readFileSync(file, "utf8")) as CloudflareTunnelArgs;
  const { tunnelId, token } = new CloudflareTunnel(args.tunnelName, args);
  return { tunnelId, token };
}
