import { program } from "./stacks/program.ts";

const outputs = await program();

export const { node, firewallId } = outputs;
// Null, not undefined, where there is none: the engine would remark on each that is not there.
export const sshKeyFingerprint = outputs.sshKeyFingerprint ?? null;
export const reservedIp = outputs.reservedIp ?? null;
