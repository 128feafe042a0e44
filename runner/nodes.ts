import { nodePrice, type SizePrice } from "../domain/cost/node-price.ts";
import { type NodeOutput, type ProvisionResult, provisionResult } from "../domain/provision-result.ts";

/** The nodes that the stack's outputs describe, in the form that is handed on. */
export function nodeResults(outputs: Record<string, unknown>, sizes: readonly SizePrice[]): ProvisionResult[] {
  return nodesOf(outputs).flatMap((node) => {
    const price = nodePrice({ size: node.size, volumesGiB: node.volumes.map(({ sizeGiB }) => sizeGiB) }, sizes);
    return price ? [provisionResult(node, price)] : [];
  });
}

/** The stack's output `node`; none when nothing is up. */
export function nodesOf(outputs: Record<string, unknown>): NodeOutput[] {
  const node = outputs.node as NodeOutput | undefined;
  return node?.dropletId ? [node] : [];
}
