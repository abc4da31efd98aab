/** Makes the unified event: guards the type of every member of an audit.k8s.io map, and derives what it does not say. */
import { parseJson } from '../json/embedded.ts';
import { CUT, type CutReason, isMap, type JsonMap, member, textAt } from '../json/map.ts';
import type { Salvaged } from '../json/salvage.ts';
import type {
  AuditEvent,
  AuthenticationMetadata,
  Evidence,
  ObjectRef,
  Outcome,
  ResponseStatus,
  User,
} from '../record.ts';
import { objectOfUri } from '../resource-path.ts';
import type { Context } from './normalizer.ts';

type Gaps = Partial<Record<keyof AuditEvent, CutReason>>;
type Body = JsonMap | unknown[];

/** Returns the event of a map in the shape of audit.k8s.io/v1 (or v1beta1). A map or list may come as JSON text. In a map
 * with CUT, an absent member is unknown, as everywhere are a member of the wrong type and one that every event has. Null
 * for `user.groups` and `sourceIPs` says that the platform does not log them.
 * @param maxDepth levels of JSON text that are read */
export function auditEvent(source: JsonMap, context: Context, maxDepth: number): AuditEvent {
  const gaps: Gaps = {};
  const read = <T>(name: keyof AuditEvent, value: T | undefined, absent: T): T => {
    if (value === undefined || Array.isArray(value)) noteGap(gaps, name, missingFrom(source, name));
    if (value === undefined && (isThere(source, name) || ALWAYS_LOGGED.includes(name))) noteGap(gaps, name, 'missing');
    return value ?? absent;
  };

  const stage = read('stage', stageOf(source), source[CUT] === undefined ? 'ResponseComplete' : '');
  const verb = read('verb', textAt(source, 'verb'), '');
  if (verb === '') gaps.verb ??= 'not_logged';
  const requestURI = read('requestURI', textAt(source, 'requestURI'), '');
  const annotations = read('annotations', annotationsOf(mapIn(source, 'annotations', maxDepth)), {});
  const sourceIPs = read('sourceIPs', textsOf(structured(source, 'sourceIPs', maxDepth)), []);
  if (member(source, 'sourceIPs') === null) gaps.sourceIPs = 'not_logged';

  const requestObject = bodyOf(source, 'requestObject', maxDepth, gaps);
  const responseObject = bodyOf(source, 'responseObject', maxDepth, gaps);
  const objectRef = objectRefOf(source, maxDepth, { verb, requestURI, requestObject, responseObject, gaps });

  const answered = stage !== 'RequestReceived';
  const responseStatus = answered
    ? read('responseStatus', statusOf(mapIn(source, 'responseStatus', maxDepth)), null)
    : null;
  const isRead = READS.has(verb) && !CONNECTIONS.includes(objectRef?.subresource ?? '');
  const outcome = outcomeOf(stage, responseStatus, annotations, isRead, gaps);

  const authentication = authenticationOf(mapIn(source, 'authenticationMetadata', maxDepth));
  // Tables have no column for it. It belongs to impersonation, which is read as none there.
  if (source[CUT] !== 'not_logged') read('authenticationMetadata', authentication, undefined);

  const event: AuditEvent = {
    platform: context.platform ?? 'kubernetes',
    ...(context.cluster !== undefined && { cluster: context.cluster }),
    auditID: read('auditID', textAt(source, 'auditID'), ''),
    level: read('level', levelOf(source), ''),
    stage,
    verb,
    user: read('user', userOf(mapIn(source, 'user', maxDepth), maxDepth), NOBODY),
    impersonatedUser: read('impersonatedUser', userOf(mapIn(source, 'impersonatedUser', maxDepth), maxDepth), null),
    ...(authentication !== undefined && { authenticationMetadata: authentication }),
    sourceIPs,
    userAgent: read('userAgent', textAt(source, 'userAgent'), ''),
    objectRef,
    requestURI,
    responseStatus,
    outcome,
    dryRun: isDryRun(verb, requestURI, annotations, requestObject),
    evidence: 'full',
    requestReceivedTimestamp: read(
      'requestReceivedTimestamp',
      // audit.k8s.io/v1beta1 and before.
      textAt(source, 'requestReceivedTimestamp') ?? textAt(source, 'metadata', 'creationTimestamp'),
      '',
    ),
    stageTimestamp: read('stageTimestamp', textAt(source, 'stageTimestamp') ?? textAt(source, 'timestamp'), ''),
    annotations,
    ...(requestObject !== undefined && { requestObject }),
    ...(responseObject !== undefined && { responseObject }),
    gaps,
  };
  // Where GKE tells it, in a label, there is no query.
  const tellsDryRun = event.platform === 'gke' ? (gaps.annotations ?? cutOf(annotations)) : gaps.requestURI;
  // Without any URI the request counts as a real one: dry runs are rare, and what was persisted must be found.
  if (!event.dryRun && tellsDryRun !== 'missing') noteGap(gaps, 'dryRun', tellsDryRun);
  explainBodies(event, source, gaps);
  const action = actionOf(event);
  if (action === undefined) gaps.action = gaps.verb ?? gaps.outcome ?? gaps.responseObject ?? 'not_logged';
  else event.action = action;
  event.evidence = evidenceOf(event, source);
  return event;
}

/** Of these kube-apiserver logs one for every request: where it is not there, something in the pipeline dropped it. */
const ALWAYS_LOGGED: readonly (keyof AuditEvent)[] = ['user', 'requestURI', 'sourceIPs'];

const NOBODY: User = { username: '', groups: [] };

/** The order in which kube-apiserver writes the members of an event. */
const ORDER = [
  'kind',
  'apiVersion',
  'level',
  'auditID',
  'stage',
  'requestURI',
  'verb',
  'user',
  'impersonatedUser',
  'authenticationMetadata',
  'sourceIPs',
  'userAgent',
  'objectRef',
  'responseStatus',
  'requestObject',
  'responseObject',
  'requestReceivedTimestamp',
  'stageTimestamp',
  'annotations',
];

/** Why a member that is not in the map, or a list that may be open at its end, is unknown; undefined where it is known
 * to be absent: in kube-apiserver's own order, what stands before the last member has been passed. */
function missingFrom(source: JsonMap, name: string): CutReason | undefined {
  const reason = source[CUT];
  const isThere = member(source, name) !== undefined;
  if (reason !== 'cut') return isThere ? undefined : reason;
  const keys = Object.keys(source);
  const last = keys.at(-1) ?? '';
  if (isThere) return name === last ? reason : undefined;
  // Sorted keys never begin with `kind`: `annotations` or `auditID` is before it.
  return keys[0] === 'kind' && ORDER.indexOf(name) < ORDER.indexOf(last) ? undefined : reason;
}

/** Null is how tables and some pipelines write what is not there. */
function isThere(source: JsonMap, name: string): boolean {
  const value = member(source, name);
  return value !== undefined && value !== null;
}

function noteGap(gaps: Gaps, name: keyof AuditEvent, reason: CutReason | undefined): void {
  if (reason !== undefined) gaps[name] ??= reason;
}

/** A member that may be a map or list, or the JSON text of one: table columns and some pipelines make text of them. */
function structured(map: JsonMap, name: string, maxDepth: number): unknown {
  return parsed(member(map, name), maxDepth).value;
}

function parsed(value: unknown, maxDepth: number): Salvaged {
  return typeof value === 'string' && /^\s*[{[]/.test(value) ? parseJson(value, maxDepth) : { value, cut: false };
}

function mapIn(map: JsonMap, name: string, maxDepth: number): JsonMap | undefined {
  const value = structured(map, name, maxDepth);
  return isMap(value) ? value : undefined;
}

/** A list of one may have become its text on the way. */
function textsOf(value: unknown): string[] | undefined {
  if (typeof value === 'string' && value !== '') return [value];
  if (!Array.isArray(value)) return undefined;
  const texts = value.filter((each) => typeof each === 'string');
  return texts.length > 0 || value.length === 0 ? texts : undefined;
}

/** Gives a part the mark of the map that it was made from, or the one that says why it is not whole by itself. */
function marked<T extends object>(part: T, map: JsonMap, own?: CutReason): T {
  const reason = map[CUT] ?? own;
  return reason === undefined ? part : { ...part, [CUT]: reason };
}

function oneOf(value: string | undefined, known: readonly string[]): string | undefined {
  return known.find((each) => each === value);
}

function stageOf(source: JsonMap): string | undefined {
  return oneOf(textAt(source, 'stage'), ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic']);
}

/** Log pipelines put their own `level` (info) over the one of the audit policy, which is then not known. */
function levelOf(source: JsonMap): string | undefined {
  const level = textAt(source, 'level');
  return level === undefined ? undefined : (oneOf(level, ['Metadata', 'Request', 'RequestResponse']) ?? '');
}

function userOf(map: JsonMap | undefined, maxDepth: number): User | undefined {
  if (map === undefined) return undefined;
  const uid = textAt(map, 'uid');
  const extra = mapIn(map, 'extra', maxDepth);
  const user: User = {
    username: textAt(map, 'username') ?? '',
    ...(uid !== undefined && { uid }),
    groups: textsOf(structured(map, 'groups', maxDepth)) ?? (Object.hasOwn(map, 'groups') ? null : []),
    ...(extra !== undefined && { extra: extraOf(extra) }),
  };
  // A user without any member is nobody. One that has others was authenticated, and has a name.
  const isNamed = textAt(map, 'username') !== undefined || Object.keys(map).length === 0;
  return marked(user, map, isNamed ? undefined : 'missing');
}

function authenticationOf(map: JsonMap | undefined): AuthenticationMetadata | undefined {
  if (map === undefined) return undefined;
  const impersonationConstraint = textAt(map, 'impersonationConstraint');
  return marked({ ...(impersonationConstraint !== undefined && { impersonationConstraint }) }, map);
}

function extraOf(map: JsonMap): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(map).flatMap(([key, value]) => {
      const texts = typeof value === 'string' ? [value] : textsOf(value);
      return texts === undefined ? [] : [[key, texts]];
    }),
  );
}

/** Levels of maps that a system on the way has made of the dots of one annotation key. */
const MAX_UNDOTTED = 8;
/** A domain, a slash and a name, in Kubernetes' own bounds, are 317 characters; what stands before more keys is repeated
 * for each of them, and so must be short. */
const MAX_ANNOTATION_PREFIX = 317;

function annotationsOf(map: JsonMap | undefined): Record<string, string> | undefined {
  return map && marked(Object.fromEntries(annotationEntries(map, '', MAX_UNDOTTED)), map);
}

function annotationEntries(map: JsonMap, prefix: string, levels: number): [string, string][] {
  return Object.entries(map).flatMap(([key, value]): [string, string][] => {
    const path = prefix + key;
    if (isMap(value)) {
      const isKey = levels > 1 && path.length < MAX_ANNOTATION_PREFIX;
      return isKey ? annotationEntries(value, `${path}.`, levels - 1) : [];
    }
    // Before the slash stands a domain, in which no `_` can be: it was a dot before Elastic took it.
    return typeof value === 'string'
      ? [[path.replace(/^[^/]*(?=\/)/, (domain) => domain.replaceAll('_', '.')), value]]
      : [];
  });
}

/** The object of a request. What objectRef does not say, or says of another type, is in the URI: pipelines drop members
 * that are empty, and with them some that are not. Null where the request is about no object. */
function objectRefOf(
  source: JsonMap,
  maxDepth: number,
  { verb, requestURI, requestObject, responseObject, gaps }: RequestParts,
): ObjectRef | null {
  const map = mapIn(source, 'objectRef', maxDepth);
  const inUri = objectOfUri(requestURI);
  const resource = textAt(map, 'resource') || inUri?.resource;
  if (resource === undefined) {
    const isOfNoObject = requestURI !== '' && !isThere(source, 'objectRef');
    noteGap(gaps, 'objectRef', isOfNoObject ? undefined : (missingFrom(source, 'objectRef') ?? 'missing'));
    return null;
  }
  const known = inUri?.resource === resource ? inUri : undefined;
  const text = (name: 'subresource' | 'namespace' | 'name' | 'apiGroup' | 'apiVersion') =>
    textAt(map, name) || known?.[name] || '';
  const name = text('name') || (verb === 'create' ? nameOf(requestObject, responseObject) : '');
  // The audit event of a Namespace has it as its own namespace, except where it is created.
  const ownNamespace = resource === 'namespaces' && name !== '' ? name : undefined;
  const apiGroup = text('apiGroup');
  const subPath = textAt(map, 'subPath') ?? known?.subPath;
  const uid = textAt(map, 'uid');
  const resourceVersion = textAt(map, 'resourceVersion');
  const ref: ObjectRef = {
    resource,
    subresource: text('subresource'),
    namespace: ownNamespace ?? (text('namespace') || textAt(requestObject, 'metadata', 'namespace') || ''),
    name,
    apiGroup: apiGroup === 'core' ? '' : apiGroup,
    apiVersion: text('apiVersion'),
    ...(subPath !== undefined && { subPath }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
  return marked(ref, map ?? source);
}

/** What an objectRef is completed by. */
interface RequestParts {
  verb: string;
  requestURI: string;
  requestObject: Body | undefined;
  responseObject: Body | undefined;
  gaps: Gaps;
}

/** The name of an object that was created with `generateName` is in the response alone; else its prefix with a star. */
function nameOf(request: Body | undefined, response: Body | undefined): string {
  const prefix = textAt(request, 'metadata', 'generateName');
  return (
    textAt(response, 'metadata', 'name') ??
    textAt(request, 'metadata', 'name') ??
    (prefix === undefined ? '' : `${prefix}*`)
  );
}

function statusOf(map: JsonMap | undefined): ResponseStatus | undefined {
  if (map === undefined) return undefined;
  const code = httpCode(member(map, 'code'));
  const status = textAt(map, 'status');
  const reason = textAt(map, 'reason');
  const message = textAt(map, 'message');
  const details = member(map, 'details');
  const metadata = member(map, 'metadata');
  const read: ResponseStatus = {
    ...(code !== undefined && { code }),
    ...(status !== undefined && { status }),
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
    ...(details !== undefined && { details }),
    ...(metadata !== undefined && { metadata }),
  };
  return marked(read, map, code === undefined && isThere(map, 'code') ? 'missing' : undefined);
}

/** What Google's API gateway answers for each gRPC status (google.rpc.Code), but for 6, 9 and 10 as Kubernetes does. */
const HTTP_OF_GRPC: Readonly<Record<number, number>> = {
  1: 499,
  2: 500,
  3: 400,
  4: 504,
  5: 404,
  6: 409,
  7: 403,
  8: 429,
  9: 400,
  10: 409,
  11: 400,
  12: 501,
  13: 500,
  14: 503,
  15: 500,
  16: 401,
};

function httpCode(value: unknown): number | undefined {
  const code = typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : value;
  if (typeof code !== 'number' || !Number.isInteger(code)) return undefined;
  return code >= 100 && code <= 599 ? code : HTTP_OF_GRPC[code];
}

/** Admission has no say in them, unless they open a connection. */
const READS = new Set(['get', 'list', 'watch']);

function outcomeOf(
  stage: string,
  status: ResponseStatus | null,
  annotations: Readonly<Record<string, string>>,
  isRead: boolean,
  gaps: Gaps,
): Outcome {
  if (stage === 'RequestReceived') return 'none';
  if (stage === 'Panic') return 'error';
  const { code, message = '' } = status ?? {};
  const decision = annotations['authorization.k8s.io/decision'];
  if (code === undefined) {
    if (status?.status === 'Failure') return 'error';
    if (decision === 'forbid') return 'forbidden';
    const unknown = gaps.stage ?? gaps.responseStatus ?? (status as JsonMap | null)?.[CUT];
    noteGap(gaps, 'outcome', unknown);
    return unknown === undefined ? 'success' : 'none';
  }
  if (code < 400) return 'success';
  if (code === 401) return 'unauthenticated';
  // A client can ask for this by ?timeout=1ms, and has its object all the same.
  if (code === 504) noteGap(gaps, 'outcome', 'timed_out');
  // Asked first, for the message has words that a client can choose: the path, or the name of the object.
  if (code === 403 && decision === 'forbid') return 'forbidden';
  // `allow` is the word of the authorizer: a webhook, a quota or PodSecurity may have refused all the same.
  if (message.includes('denied the request')) return 'admission_denied';
  if (code === 409) return 'conflict';
  if (code === 403) {
    const refusedByAuthorizer =
      decision === undefined && (isRead || message === '' || /(?:^| is )forbidden: User /.test(message));
    return refusedByAuthorizer ? 'forbidden' : 'admission_denied';
  }
  return code === 400 || code === 422 ? 'admission_denied' : 'error';
}

function isDryRun(
  verb: string,
  requestURI: string,
  annotations: Readonly<Record<string, string>>,
  request: Body | undefined,
): boolean {
  const label = annotations['command.gke.io/dryRun'] ?? '';
  if (label !== '' && label !== 'false') return true;
  // kube-apiserver reads the options of a deletion from the body, and from the query only where there is no body.
  if (verb.startsWith('delete') && isMap(request)) {
    const dryRun = member(request, 'dryRun');
    return Array.isArray(dryRun) && dryRun.includes('All');
  }
  const query = requestURI.indexOf('?');
  return query !== -1 && new URLSearchParams(requestURI.slice(query)).getAll('dryRun').includes('All');
}

function bodyOf(
  source: JsonMap,
  name: 'requestObject' | 'responseObject',
  maxDepth: number,
  gaps: Gaps,
): Body | undefined {
  const { value, cut } = parsed(member(source, name), maxDepth);
  if (isMap(value)) return value;
  if (Array.isArray(value)) {
    noteGap(gaps, name, cut ? 'cut' : missingFrom(source, name));
    return value;
  }
  // Any other text stands in for a body: AKS writes `skipped-too-big-size-object`.
  if (typeof member(source, name) === 'string') gaps[name] = 'skipped';
  return undefined;
}

/** Requests that open a connection carry what they ask for in the URI. */
const CONNECTIONS = ['exec', 'attach', 'portforward', 'proxy'];

/** Says why a body is missing where there must have been one: a write to an object that got as far. */
function explainBodies(event: AuditEvent, source: JsonMap, gaps: Gaps): void {
  const mayWrite = isWrite(event.verb) || gaps.verb !== undefined;
  const mayBeAboutObject = event.objectRef !== null || gaps.objectRef !== undefined;
  const isConnection = CONNECTIONS.includes(event.objectRef?.subresource ?? '');
  if (event.stage === 'RequestReceived' || !mayWrite || !mayBeAboutObject || isConnection) return;

  const truncated = event.annotations['audit.k8s.io/truncated'] === 'true' ? 'truncated' : 'not_logged';
  const wasRead = event.outcome !== 'forbidden' && event.outcome !== 'unauthenticated';
  if (wasRead && event.requestObject === undefined) {
    noteGap(gaps, 'requestObject', missingFrom(source, 'requestObject') ?? truncated);
  }
  const mayHaveSucceeded = event.outcome === 'success' || gaps.outcome !== undefined;
  if (mayHaveSucceeded && event.responseObject === undefined) {
    noteGap(gaps, 'responseObject', missingFrom(source, 'responseObject') ?? truncated);
  }
}

function isWrite(verb: string): boolean {
  return verb === 'create' || verb === 'update' || verb === 'patch';
}

/** An apply patch, and an update of a few kinds, makes the object if there is none: the answer is then 201. */
function actionOf({ verb, gaps, outcome, ...event }: AuditEvent): string | undefined {
  if (verb === '') return undefined;
  if (verb !== 'patch' && verb !== 'update') return verb;
  if (event.objectRef !== null && event.objectRef.subresource !== '') return verb;
  if (outcome !== 'success' && gaps.outcome === undefined) return verb;
  const code = event.responseStatus?.code;
  if (code !== undefined) return code === 201 ? 'create' : verb;
  if (verb === 'patch' && isOtherPatch(event.requestObject)) return verb;

  // Without a code, as on GKE, the object tells by its age. Kubernetes keeps creation times to the second.
  const created = Date.parse(textAt(event.responseObject, 'metadata', 'creationTimestamp') ?? '');
  const happened = Date.parse(event.stageTimestamp || event.requestReceivedTimestamp);
  if (Number.isNaN(created) || Number.isNaN(happened)) return undefined;
  return Math.abs(happened - created) <= CREATED_WITHIN_MILLISECONDS ? 'create' : verb;
}

const CREATED_WITHIN_MILLISECONDS = 5000;

/** Only an apply patch names kind and version of its object, and only it can make one. */
function isOtherPatch(body: Body | undefined): boolean {
  if (body === undefined || (isMap(body) && body[CUT] !== undefined)) return false;
  return textAt(body, 'kind') === undefined || textAt(body, 'apiVersion') === undefined;
}

function evidenceOf({ gaps, requestObject, responseObject }: AuditEvent, source: JsonMap): Evidence {
  const marks = [source[CUT], cutOf(requestObject), cutOf(responseObject), gaps.requestObject, gaps.responseObject];
  if (marks.some((mark) => mark !== undefined && mark !== 'not_logged')) return 'partial';
  return gaps.requestObject === 'not_logged' && responseObject === undefined ? 'metadata' : 'full';
}

function cutOf(body: Body | undefined): CutReason | undefined {
  return isMap(body) ? body[CUT] : undefined;
}
