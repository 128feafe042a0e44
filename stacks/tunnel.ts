import type { Output } from "@pulumi/pulumi";
import { CloudflareTunnel, type CloudflareTunnelArgs } from "../components/cloudflare-tunnel.ts";

/** The program of a tunnel: the component. */
export function tunnelProgram(args: CloudflareTunnelArgs): { tunnelId: Output<string>; token: Output<string> } {
  const { tunnelId, token } = new CloudflareTunnel(args.tunnelName, args);
  return { tunnelId, token };
}
