import grpc from "@grpc/grpc-js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import statuses from "@pulumi/pulumi/proto/status_pb.js";
import any from "google-protobuf/google/protobuf/any_pb.js";
import { rootOf } from "../schema/diff.ts";
import { type Change, type Checked, type Difference, PartialFailure } from "./provider.ts";
import { encode, type Properties } from "./values.ts";

export function checkResponse(checked: Checked) {
  const response = new messages.CheckResponse();
  response.setInputs(encode(checked.inputs));
  response.setFailuresList(
    checked.failures.map(({ property, reason }) => {
      const failure = new messages.CheckFailure();
      failure.setProperty(property);
      failure.setReason(reason);
      return failure;
    }),
  );
  return response;
}

export function diffResponse({ changes, deleteBeforeReplace }: Difference) {
  const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
  const roots = (list: Change[]): string[] => [...new Set(list.map((change) => rootOf(change.path)))];
  const response = new messages.DiffResponse();
  response.setChanges(changes.length > 0 ? DIFF_SOME : DIFF_NONE);
  response.setDiffsList(roots(changes));
  response.setReplacesList(roots(changes.filter((change) => change.replaces)));
  response.setDeletebeforereplace(deleteBeforeReplace);
  response.setHasdetaileddiff(true);
  for (const change of changes) {
    const detail = new messages.PropertyDiff();
    detail.setKind(kindOf(change));
    response.getDetaileddiffMap().set(change.path, detail);
  }
  return response;
}

function kindOf({ kind, replaces }: Change) {
  const { Kind } = messages.PropertyDiff;
  if (kind === "add") return replaces ? Kind.ADD_REPLACE : Kind.ADD;
  if (kind === "delete") return replaces ? Kind.DELETE_REPLACE : Kind.DELETE;
  return replaces ? Kind.UPDATE_REPLACE : Kind.UPDATE;
}

export function createResponse(id: string, outputs: Properties) {
  const response = new messages.CreateResponse();
  response.setId(id);
  response.setProperties(encode(outputs));
  return response;
}

export function readResponse(id: string, outputs: Properties, inputs: Properties) {
  const response = new messages.ReadResponse();
  response.setId(id);
  response.setProperties(encode(outputs));
  response.setInputs(encode(inputs));
  return response;
}

export function updateResponse(outputs: Properties) {
  const response = new messages.UpdateResponse();
  response.setProperties(encode(outputs));
  return response;
}

/** The gRPC form of an error; a partial failure carries what exists, so that the engine keeps it in the state. */
export function serviceError(error: unknown): Partial<grpc.ServiceError> {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof PartialFailure) return { code: grpc.status.UNKNOWN, details: message, metadata: partial(error) };
  const code = (error as { code?: unknown }).code;
  return { code: typeof code === "number" ? code : grpc.status.UNKNOWN, details: message };
}

/** As the SDK packs it (sdk/nodejs/provider/server.ts): a google.rpc.Status in the metadata. */
function partial(error: PartialFailure): grpc.Metadata {
  const detail = new messages.ErrorResourceInitFailed();
  detail.setId(error.id);
  detail.setProperties(encode(error.outputs));
  detail.setReasonsList([error.message]);
  const packed = new any.Any();
  packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new statuses.Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(error.message);
  status.addDetails(packed);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return metadata;
}
