/** Cloudflare's API: zones, tunnels, DNS records. */
export * from "./client.ts";
export { CloudflareApiError } from "./errors.ts";
