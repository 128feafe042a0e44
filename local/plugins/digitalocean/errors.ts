import { ApiError, retryAfterSecondsOf } from "../rest/errors.ts";

/** The API said no: `POST /v2/droplets: 422 (request "4d9d8375") Size is not available in this region`. */
export function refused(operation: string, response: Response, text: string): ApiError {
  const { message, request_id } = parsed(text);
  const status = response.status;
  const reason = message || response.statusText || "no explanation was given";
  const request = request_id || response.headers.get("x-request-id");
  const hint = status === 401 ? "; check DIGITALOCEAN_TOKEN" : "";
  return new ApiError(`${operation}: ${status}${request ? ` (request "${request}")` : ""} ${reason}${hint}`, {
    status,
    reason,
    retryAfterSeconds: retryAfterSecondsOf(response),
  });
}

/** Tags are refused in another shape than everything else: `{error, messages}`. */
function parsed(text: string): { message?: string; request_id?: string } {
  try {
    const body = JSON.parse(text);
    return { message: body.message ?? body.messages?.join("; ") ?? body.error, request_id: body.request_id };
  } catch {
    return { message: text.trim().slice(0, 200) };
  }
}
