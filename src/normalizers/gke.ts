/** Google Kubernetes Engine: audit events as entries of Cloud Audit Logs, on their own or in Pub/Sub messages. */
import { opensStream } from '../audit/request.ts';
import { at, CUT, isMap, type JsonMap, member, textAt } from '../json/map.ts';
import { booleanOf, numberOf } from '../json/typed.ts';
import type { Cluster, ObjectRef } from '../record.ts';
import { objectOfPath } from '../resource-path.ts';
import { type Context, isAuditEvent, type Normalizer } from './normalizer.ts';

export const gke: Normalizer = {
  name: 'gke',
  read(entry, context) {
    if (isAuditEvent(entry)) return undefined;
    const payload = member(entry, 'protoPayload') ?? exported(member(entry, 'protopayload_auditlog'));
    // Other services of Google Cloud, such as the API that creates clusters, log in the same shape.
    if (isMap(payload) && isKubernetes(entry, payload)) {
      return { kind: 'audit', source: sourceOf(entry, payload), context: placedBy(entry, context) };
    }
    const message = member(entry, 'message');
    const data = textAt(message, 'data');
    const isPubSub =
      data !== undefined && (textAt(message, 'messageId') ?? textAt(message, 'message_id')) !== undefined;
    return isPubSub ? { kind: 'wrapper', groups: [[data]], context } : undefined;
  },
};

/** The payload as the export to BigQuery names it, with bodies in JSON text. */
function exported(payload: unknown): unknown {
  if (!isMap(payload)) return undefined;
  return { ...payload, request: member(payload, 'requestJson'), response: member(payload, 'responseJson') };
}

function isKubernetes(entry: JsonMap, payload: JsonMap): boolean {
  const service = textAt(payload, 'serviceName');
  if (service !== undefined) return service === 'k8s.io';
  // Not every store keeps the name of the service, and it is lost in a cut entry with sorted keys.
  return (
    textAt(entry, 'operation', 'producer') === 'k8s.io' || (textAt(payload, 'methodName') ?? '').startsWith('io.k8s.')
  );
}

function placedBy(entry: JsonMap, context: Context): Context {
  const labels = at(entry, 'resource', 'labels');
  const name = textAt(labels, 'cluster_name');
  if (name === undefined) return { ...context, platform: 'gke' };
  const cluster: Cluster = { name };
  const account = textAt(labels, 'project_id');
  const region = textAt(labels, 'location');
  if (account !== undefined) cluster.account = account;
  if (region !== undefined) cluster.region = region;
  return { ...context, platform: 'gke', cluster };
}

/** The entry in the terms of audit.k8s.io. What Cloud Audit Logs do not have, such as groups, is null or missing. */
function sourceOf(entry: JsonMap, payload: JsonMap): JsonMap {
  const method = methodOf(textAt(payload, 'methodName') ?? '');
  const path = pathOf(payload, method.objectRef);
  const objectRef = path === undefined ? method.objectRef : objectOfResourceName(path);
  const split = isMap(member(entry, 'split'));
  const cut = split ? 'split' : (payload[CUT] ?? entry[CUT]);
  const isWhole = payload[CUT] === undefined;

  const source: JsonMap = {
    auditID: auditIdOf(entry),
    stage: isStart(member(entry, 'operation')) ? 'ResponseStarted' : 'ResponseComplete',
    verb: method.verb,
    objectRef: objectRef ?? null,
  };
  const timestamp = member(entry, 'timestamp');
  if (timestamp !== undefined) source.requestReceivedTimestamp = timestamp;
  if (path !== undefined) source.requestURI = uriOf(objectRef, path, method.verb);
  const info = member(payload, 'authenticationInfo');
  if (isWhole || (isMap(info) && info[CUT] === undefined)) {
    const username = usernameOf(info);
    // Anonymous callers have a name, `system:anonymous`: without one, Google does not say who it was.
    source.user = { ...(username !== undefined && { username }), groups: null };
    const impersonated = textAt(info, 'authoritySelector');
    source.impersonatedUser = impersonated === undefined ? null : { username: impersonated, groups: null };
  }
  const userAgent = textAt(payload, 'requestMetadata', 'callerSuppliedUserAgent');
  if (isWhole || userAgent !== undefined) source.userAgent = userAgent ?? '';
  const ip = textAt(payload, 'requestMetadata', 'callerIp') ?? textAt(payload, 'requestMetadata', 'callerIP') ?? '';
  // For internal callers Google logs a word, `private` or `gce-internal-ip`: it is in no network, and so not in a public one.
  source.sourceIPs = ip === '' ? null : [ip];
  const labels = member(entry, 'labels');
  if (labels !== undefined) source.annotations = labels;
  else if (entry[CUT] === undefined) source.annotations = {};

  const request = bodyOf(member(payload, 'request'), split);
  if (request !== undefined) source.requestObject = request;
  const response = member(payload, 'response');
  if (response !== undefined) source.responseObject = bodyOf(response, split);
  const status = statusOf(entry, payload, method.verb, objectRef);
  if (status !== undefined) source.responseStatus = status;

  if (cut !== undefined) source[CUT] = cut;
  return source;
}

function listAt(map: unknown, key: string): unknown[] {
  const found = member(map, key);
  return Array.isArray(found) ? found : [];
}

function auditIdOf(entry: JsonMap): string {
  const operationId = textAt(entry, 'operation', 'id');
  if (operationId !== undefined) return operationId;
  const insertId = textAt(entry, 'insertId') ?? '';
  // The parts of a split entry have their index after the id.
  const index = numberOf(at(entry, 'split', 'index'));
  return index === undefined ? insertId : insertId.replace(new RegExp(`[-_.]?${index}$`), '');
}

/** principalEmail holds the names of Kubernetes users too; it is missing, or empty, for identities of third parties. */
function usernameOf(info: unknown): string | undefined {
  const [first] = listAt(info, 'serviceAccountDelegationInfo');
  return (
    textAt(info, 'principalEmail') ||
    textAt(info, 'principalSubject') ||
    textAt(first, 'firstPartyPrincipal', 'principalEmail') ||
    textAt(first, 'principalSubject') ||
    undefined
  );
}

/** A body without the type that the envelope adds. In a split entry, every map inside it may be incomplete. */
export function bodyOf(body: unknown, split: boolean): unknown {
  if (!isMap(body)) return body;
  const { '@type': spelled, at_sign_type: type = spelled, ...rest } = body;
  // A list cannot be a protobuf Struct: its wrapper holds it under `value`.
  if (type === 'k8s.io/Patch' && Array.isArray(rest.value)) return rest.value;
  if (body[CUT] !== undefined || split) rest[CUT] = split ? 'split' : body[CUT];
  return rest;
}

/** The HTTP status of a request, from the strongest evidence: the answer of the API server, the gRPC status of the entry, in
 * which protobuf leaves out code 0 (success), then the authorizer. A granted permission proves nothing: admission can refuse
 * what it allows. Undefined if the entry is cut before any of them. */
function statusOf(entry: JsonMap, payload: JsonMap, verb: string, objectRef: ObjectRef | undefined): unknown {
  const response = member(payload, 'response');
  const status = member(payload, 'status');
  const logged = member(status, 'code') ?? 0;
  const code = numberOf(logged);
  // A code that cannot be read leaves open whether the request failed.
  const failed =
    code === undefined ? { code: logged } : { code, message: member(status, 'message'), status: 'Failure' };
  const failure = code === 0 ? undefined : failed;
  if (isStatus(response))
    return member(response, 'code') === undefined && failure ? { ...response, ...failure } : response;
  if (failure !== undefined) return failure;
  if (!isMap(status) && isRefused(entry, payload)) return { code: 403, reason: 'Forbidden', status: 'Failure' };
  if (payload[CUT] !== undefined && status === undefined) return undefined;
  if (opensStream(objectRef?.subresource)) return { code: 101 };
  if (verb === 'create') return { code: 201 };
  // Answered 200 or 201: a patch or an update may have made the object.
  return verb === 'patch' || verb === 'update' ? {} : { code: 200 };
}

/** Distinguishes a Status from an object by its type, or by what only a Status holds: the `status` of an object is a map. */
function isStatus(response: unknown): response is JsonMap {
  const type = textAt(response, '@type') ?? textAt(response, 'at_sign_type') ?? '';
  return isMap(response) && (type.endsWith('.Status') || textAt(response, 'status') === 'Failure');
}

function isRefused(entry: JsonMap, payload: JsonMap): boolean {
  return (
    textAt(entry, 'labels', 'authorization.k8s.io/decision') === 'forbid' ||
    listAt(payload, 'authorizationInfo').some((each) => booleanOf(member(each, 'granted')) === false)
  );
}

/** The name of the resource as `<core|group>/<version>/…`, undefined if none is known. What is missing at its beginning is in
 * the method; a name that does not fit the method is not the name of its object. */
function pathOf(payload: JsonMap, ofMethod: ObjectRef | undefined): string | undefined {
  // The permission that was asked for names the object too, and survives a cut if keys are sorted.
  const [permission] = listAt(payload, 'authorizationInfo');
  const path = textAt(payload, 'resourceName') || textAt(permission, 'resource') || undefined;
  if (path === undefined || ofMethod === undefined || objectOfResourceName(path) !== undefined) return path;
  const whole = `${ofMethod.apiGroup || 'core'}/${ofMethod.apiVersion}/${path}`;
  return objectOfResourceName(whole)?.resource === ofMethod.resource ? whole : undefined;
}

/** Reads `<core|group>/<version>/…`; a path without a version does not name an object (`readyz`). */
function objectOfResourceName(path: string): ObjectRef | undefined {
  const [group, version = '', ...rest] = path.split('/');
  if (!VERSION.test(version)) return undefined;
  return objectOfPath(group === 'core' ? '' : group, version, rest);
}

const VERSION = /^v\d/;

/** Reads `io.k8s.<group>.<version>.<resource>[.<subresource>].<verb>`, in which the parts of the group are reversed. */
function methodOf(methodName: string): { verb: string; objectRef?: ObjectRef } {
  const parts = methodName.split('.');
  const verb = parts.pop() ?? '';
  const version = parts.findLastIndex((part) => VERSION.test(part));
  if (version === -1) return { verb };
  const [resource, subresource] = parts.slice(version + 1);
  if (resource === undefined) return { verb };
  const isBuiltIn = methodName.startsWith('io.k8s.');
  const group = parts
    .slice(isBuiltIn ? 2 : 0, version)
    .reverse()
    .join('.');
  const apiGroup = group === 'core' ? '' : isBuiltIn && !BARE_GROUPS.has(group) ? `${group}.k8s.io` : group;
  return {
    verb,
    objectRef: {
      resource,
      subresource: subresource ?? '',
      namespace: '',
      name: '',
      apiGroup,
      apiVersion: parts[version],
    },
  };
}

/** The API groups of Kubernetes from before groups were domains. */
const BARE_GROUPS = new Set(['apps', 'autoscaling', 'batch', 'extensions', 'policy']);

/** The URI that the request must have had, without its query, which is not logged. */
function uriOf(objectRef: ObjectRef | undefined, path: string, verb: string): string {
  if (objectRef === undefined) return `/${path}`;
  const root = objectRef.apiGroup === '' ? '/api' : `/apis/${objectRef.apiGroup}`;
  // The entry names the object that was created; the request went to its collection.
  const toCollection = verb === 'create' && objectRef.name !== '' && objectRef.subresource === '';
  return `${root}/${path
    .split('/')
    .slice(1, toCollection ? -1 : undefined)
    .join('/')}`;
}

/** A long-running request has two entries, `first` and `last`; others are both at once. */
function isStart(operation: unknown): boolean {
  return booleanOf(member(operation, 'first')) === true && booleanOf(member(operation, 'last')) !== true;
}
