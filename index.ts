import { program } from "./stacks/program.ts";

export const { node, firewallId, sshKeyFingerprint } = await program();
