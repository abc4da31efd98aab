/** Makes the unified event: guards the type of every member of an audit.k8s.io map, and derives what it does not say. */
import { isAnswered, isWrite, opensConnection, stages } from '../audit/request.ts';
import { CUT, type CutReason, isMap, type JsonMap, member, textAt } from '../json/map.ts';
import { booleanOf } from '../json/typed.ts';
import type { Network } from '../network.ts';
import type { AuditEvent, Evidence, User } from '../record.ts';
import { annotationsOf } from './event/annotations.ts';
import { clientIPsOf } from './event/client-ips.ts';
import {
  type Body,
  type Gaps,
  isThere,
  mapIn,
  missingFrom,
  noteGap,
  parsed,
  structured,
  textsOf,
} from './event/members.ts';
import { objectRefOf } from './event/object-ref.ts';
import { outcomeOf, statusOf } from './event/outcome.ts';
import { authenticationOf, userOf } from './event/user.ts';
import type { Context } from './normalizer.ts';

/** What the operator says about all events. */
export interface EventSettings {
  /** Levels of JSON text in a member that are read. */
  maxDepth: number;
  /** Proxies in front of the API server; undefined if they are not known. */
  trustedProxies: readonly Network[] | undefined;
}

/** Returns the event of a map in the shape of audit.k8s.io/v1 (or v1beta1). A map or list may come as JSON text. In a map
 * with CUT, an absent member is unknown; so is, in any map, a member of the wrong type or a missing one that every event has.
 * Null for `user.groups` and `sourceIPs` says that the platform does not log them. */
export function auditEvent(source: JsonMap, context: Context, settings: EventSettings): AuditEvent {
  const { maxDepth } = settings;
  const { platform = 'kubernetes' } = context;
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

  const answered = isAnswered(stage);
  const responseStatus = answered
    ? read('responseStatus', statusOf(mapIn(source, 'responseStatus', maxDepth)), null)
    : null;
  const isRead = READS.has(verb) && !opensConnection(objectRef?.subresource);
  const outcome = outcomeOf(stage, responseStatus, annotations, isRead, gaps);

  const authentication = authenticationOf(mapIn(source, 'authenticationMetadata', maxDepth));
  // Tables have no column for it. It belongs to impersonation, which is read as absent there.
  if (source[CUT] !== 'not_logged') read('authenticationMetadata', authentication, undefined);

  const event: AuditEvent = {
    platform,
    ...(context.cluster !== undefined && { cluster: context.cluster }),
    auditID: read('auditID', textAt(source, 'auditID'), ''),
    level: read('level', levelOf(source), ''),
    stage,
    verb,
    user: read('user', userOf(mapIn(source, 'user', maxDepth), maxDepth), NOBODY),
    impersonatedUser: read('impersonatedUser', userOf(mapIn(source, 'impersonatedUser', maxDepth), maxDepth), null),
    ...(authentication !== undefined && { authenticationMetadata: authentication }),
    sourceIPs,
    clientIPs: clientIPsOf(sourceIPs, settings.trustedProxies),
    userAgent: read('userAgent', textAt(source, 'userAgent'), ''),
    objectRef,
    requestURI,
    responseStatus,
    outcome,
    dryRun: isDryRun({ platform, verb, requestURI, annotations, requestObject, responseObject }),
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
  // GKE reports it in a label, and logs no query.
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

/** kube-apiserver logs each of these for every request: if one is absent, something in the pipeline dropped it. */
const ALWAYS_LOGGED: readonly (keyof AuditEvent)[] = ['user', 'requestURI', 'sourceIPs'];

const NOBODY: User = { username: '', groups: [] };

function oneOf(value: string | undefined, known: readonly string[]): string | undefined {
  return known.find((each) => each === value);
}

function stageOf(source: JsonMap): string | undefined {
  return oneOf(textAt(source, 'stage'), stages);
}

/** Log pipelines overwrite the level of the audit policy with their own `level` (info); it is then unknown. */
function levelOf(source: JsonMap): string | undefined {
  const level = textAt(source, 'level');
  return level === undefined ? undefined : (oneOf(level, ['Metadata', 'Request', 'RequestResponse']) ?? '');
}

type DryRunParts = Pick<
  AuditEvent,
  'platform' | 'verb' | 'requestURI' | 'annotations' | 'requestObject' | 'responseObject'
>;

function isDryRun({ platform, verb, requestURI, annotations, ...bodies }: DryRunParts): boolean {
  const { requestObject: request, responseObject: response } = bodies;
  // Elsewhere an admission webhook may write such an annotation, which must not make a real request look like a dry run.
  const label = platform === 'gke' ? (annotations['command.gke.io/dryRun'] ?? '') : '';
  // Nor must it on GKE, if the API server did not write it: only an object that was stored has a version on creation.
  const isStored = verb === 'create' && (textAt(response, 'metadata', 'resourceVersion') ?? '') !== '';
  if (label !== '' && booleanOf(label) !== false && !isStored) return true;
  // kube-apiserver reads the options of a deletion from the body, and from the query only if there is no body.
  if (verb.startsWith('delete') && isMap(request)) {
    return textsOf(member(request, 'dryRun'))?.includes('All') === true;
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
  // Any other text is a placeholder for a body: AKS writes `skipped-too-big-size-object`.
  if (typeof member(source, name) === 'string') gaps[name] = 'skipped';
  return undefined;
}

/** Admission has no say in them, unless they open a connection. */
const READS = new Set(['get', 'list', 'watch']);

/** Says why a body is missing when there must have been one: for a write to an object that got that far. */
function explainBodies(event: AuditEvent, source: JsonMap, gaps: Gaps): void {
  const mayWrite = isWrite(event.verb) || gaps.verb !== undefined;
  const mayBeAboutObject = event.objectRef !== null || gaps.objectRef !== undefined;
  const isConnection = opensConnection(event.objectRef?.subresource);
  if (!isAnswered(event.stage) || !mayWrite || !mayBeAboutObject || isConnection) return;

  const truncated = booleanOf(event.annotations['audit.k8s.io/truncated']) ? 'truncated' : 'not_logged';
  const wasRead = event.outcome !== 'forbidden' && event.outcome !== 'unauthenticated';
  if (wasRead && event.requestObject === undefined) {
    noteGap(gaps, 'requestObject', missingFrom(source, 'requestObject') ?? truncated);
  }
  const mayHaveSucceeded = event.outcome === 'success' || gaps.outcome !== undefined;
  if (mayHaveSucceeded && event.responseObject === undefined) {
    noteGap(gaps, 'responseObject', missingFrom(source, 'responseObject') ?? truncated);
  }
}

/** An apply patch, and an update of a few kinds, creates the object if there is none: the answer is then 201. */
function actionOf({ verb, gaps, outcome, ...event }: AuditEvent): string | undefined {
  if (verb === '') return undefined;
  if (verb !== 'patch' && verb !== 'update') return verb;
  if (event.objectRef !== null && event.objectRef.subresource !== '') return verb;
  if (outcome !== 'success' && gaps.outcome === undefined) return verb;
  const code = event.responseStatus?.code;
  if (code !== undefined) return code === 201 ? 'create' : verb;
  if (verb === 'patch' && isOtherPatch(event.requestObject)) return verb;

  // Without a code, as on GKE, the age of the object shows it. Kubernetes keeps creation times to the second.
  const created = Date.parse(textAt(event.responseObject, 'metadata', 'creationTimestamp') ?? '');
  const happened = Date.parse(event.stageTimestamp || event.requestReceivedTimestamp);
  if (Number.isNaN(created) || Number.isNaN(happened)) return undefined;
  return Math.abs(happened - created) <= CREATED_WITHIN_MILLISECONDS ? 'create' : verb;
}

const CREATED_WITHIN_MILLISECONDS = 5000;

/** Only an apply patch names kind and version of its object, and only it can create one. */
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
