import grpc from "@grpc/grpc-js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { PartialFailure, type Provider, type Resource, type ResourceCall } from "./provider.ts";
import { redacted, redactor } from "./redaction.ts";
import {
  checkResponse,
  createResponse,
  diffResponse,
  readResponse,
  serviceError,
  updateResponse,
} from "./responses.ts";
import { type Session, Sessions } from "./sessions.ts";
import { decode, encode, type Properties, reveal, rewrapAll } from "./values.ts";

type Call<Request> = { request: Request; getPeer(): string };
type Callback = (error: unknown, answer?: unknown) => void;
type Work<Request> = (request: Request, session: Session, peer: string) => unknown;

/** The requests that name a resource. */
interface ResourceRequest {
  getUrn(): string;
  getName(): string;
  getType(): string;
  getPreview?(): boolean;
  getTimeout?(): number;
}

type Hide = (text: string) => string;

/** What a request is about. */
interface Target {
  resource: Resource;
  call: ResourceCall;
  hide: Hide;
}

/** The engine's provider protocol (pulumi/provider.proto) over one provider. */
export function handlers(provider: Provider, engineAddress?: string) {
  const sessions = new Sessions(provider, engineAddress);

  /** Answers with what the work gives; log lines arrive before the answer, errors become gRPC errors. */
  function answer<Request>(work: Work<Request>) {
    return async (call: Call<Request>, callback: Callback): Promise<void> => {
      const session = sessions.of(call.getPeer());
      try {
        const result = await work(call.request, session, call.getPeer());
        await session.log.flushed();
        callback(null, result);
      } catch (error) {
        await session.log.flushed();
        callback(serviceError(error));
      }
    };
  }

  const methods = {
    handshake: answer((_request, _session, peer) => {
      sessions.open(peer);
      const response = new messages.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      response.setSupportsAutonamingConfiguration(true);
      return response;
    }),
    getPluginInfo: answer(() => {
      const response = new plugin.PluginInfo();
      response.setVersion(provider.version);
      return response;
    }),
    attach: answer((request: plugin.PluginAttach, _session, peer) => {
      sessions.attach(peer, request.getAddress());
      return new empty.Empty();
    }),
    getSchema: answer(() => {
      const response = new messages.GetSchemaResponse();
      response.setSchema(JSON.stringify({ name: provider.name, version: provider.version }));
      return response;
    }),
    checkConfig: answer((request: messages.CheckRequest) => {
      const response = new messages.CheckResponse();
      response.setInputs(request.getNews());
      return response;
    }),
    diffConfig: answer(() => new messages.DiffResponse()),
    configure: answer((request: messages.ConfigureRequest, session) => {
      session.instance.configure(reveal(decode(request.getArgs())));
      const response = new messages.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      response.setSupportsAutonamingConfiguration(true);
      return response;
    }),
    cancel: answer((_request, session) => {
      session.cancelled.abort(new Error("cancelled"));
      return new empty.Empty();
    }),
    invoke: answer(async (request: messages.InvokeRequest, session) => {
      const call = { log: session.log.about(""), signal: session.cancelled.signal };
      const result = session.instance.invoke(request.getTok(), reveal(decode(request.getArgs())), call);
      if (!result) throw unimplemented(`the bundled ${provider.name} plugin has no function ${request.getTok()}`);
      const response = new messages.InvokeResponse();
      response.setReturn(encode(await result));
      return response;
    }),
    check: answer(check),
    diff: answer(diff),
    create: answer(create),
    read: answer(read),
    update: answer(update),
    delete: answer(remove),
  };

  /** @param properties of the request: what is secret in them is not shown */
  function resourceOf(request: ResourceRequest, session: Session, ...properties: Properties[]): Target {
    const type = request.getType() || (request.getUrn().split("::")[2]?.split("$").at(-1) ?? "");
    const resource = session.instance.resource(type);
    if (!resource) throw unimplemented(`the bundled ${provider.name} plugin has no resource type ${type}`);
    const hide = redactor(...properties);
    const call = {
      urn: request.getUrn(),
      name: request.getName() || (request.getUrn().split("::")[3] ?? ""),
      type,
      preview: request.getPreview?.() ?? false,
      timeoutSeconds: request.getTimeout?.() ?? 0,
      log: redacted(session.log.about(request.getUrn()), hide),
      signal: session.cancelled.signal,
    };
    return { resource, call, hide };
  }

  function check(request: messages.CheckRequest, session: Session) {
    const { resource, call } = resourceOf(request, session);
    const given = decode(request.getNews());
    const autonaming = request.getAutonaming();
    const { DISABLE } = messages.CheckRequest.AutonamingOptions.Mode;
    const naming = {
      seed: request.getRandomseed_asU8(),
      proposed: autonaming?.getProposedName() || undefined,
      disabled: autonaming?.getMode() === DISABLE,
    };
    const oldInputs = reveal(decode(request.getOlds()));
    const checked = resource.check({ ...call, inputs: reveal(given), oldInputs, naming });
    return checkResponse({ ...checked, inputs: rewrapAll(checked.inputs, given) });
  }

  function diff(request: messages.DiffRequest, session: Session) {
    const { resource, call } = resourceOf(request, session);
    const difference = resource.diff({
      ...call,
      id: request.getId(),
      oldInputs: reveal(decode(request.getOldInputs())),
      oldOutputs: reveal(decode(request.getOlds())),
      inputs: reveal(decode(request.getNews())),
      ignoreChanges: request.getIgnorechangesList(),
    });
    return diffResponse(difference);
  }

  async function create(request: messages.CreateRequest, session: Session) {
    const given = decode(request.getProperties());
    const { resource, call, hide } = resourceOf(request, session, given);
    const created = await keepingSecrets(hide, given, () => resource.create({ ...call, inputs: reveal(given) }));
    return createResponse(created.id, rewrapAll(created.outputs, given));
  }

  async function read(request: messages.ReadRequest, session: Session) {
    const { resource, call } = resourceOf(request, session);
    const [inputs, state] = [decode(request.getInputs()), decode(request.getProperties())];
    const found = await resource.read({
      ...call,
      id: request.getId(),
      oldInputs: reveal(inputs),
      oldOutputs: reveal(state),
    });
    if (!found) return new messages.ReadResponse();
    return readResponse(found.id, rewrapAll(found.outputs, inputs, state), rewrapAll(found.inputs, inputs));
  }

  async function update(request: messages.UpdateRequest, session: Session) {
    const [given, olds] = [decode(request.getNews()), decode(request.getOlds())];
    const { resource, call, hide } = resourceOf(request, session, given, olds);
    const before = { oldInputs: reveal(decode(request.getOldInputs())), oldOutputs: reveal(olds) };
    const ignoreChanges = request.getIgnorechangesList();
    const work = { ...call, ...before, id: request.getId(), inputs: reveal(given), ignoreChanges };
    const outputs = await keepingSecrets(hide, given, () => resource.update(work));
    return updateResponse(rewrapAll(outputs, given));
  }

  async function remove(request: messages.DeleteRequest, session: Session) {
    const olds = decode(request.getProperties());
    const { resource, call, hide } = resourceOf(request, session, olds);
    const work = { ...call, id: request.getId(), oldOutputs: reveal(olds) };
    await keepingSecrets(hide, olds, () => resource.delete(work));
    return new empty.Empty();
  }

  return { methods: methods as unknown as grpc.UntypedServiceImplementation, close: () => sessions.close() };
}

/** Errors are shown, so they tell no secrets; what a partial failure leaves in the state stays secret. */
async function keepingSecrets<T>(hide: Hide, given: Properties, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const shown = new Error(hide(error instanceof Error ? error.message : String(error)), { cause: error });
    throw error instanceof PartialFailure
      ? new PartialFailure(error.id, rewrapAll(error.outputs, given), shown)
      : shown;
  }
}

function unimplemented(message: string): Error {
  return Object.assign(new Error(message), { code: grpc.status.UNIMPLEMENTED });
}
