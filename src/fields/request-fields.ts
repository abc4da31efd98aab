/** The fields that say who asked for what, from where, and what became of it. */
import { textAt } from '../json/map.ts';
import { judgedOf } from '../network.ts';
import type { AuditEvent, ResponseStatus, User } from '../record.ts';
import type { Found } from '../sigma/field.ts';
import { walk } from '../sigma/match/walk.ts';
import { always, cutOf, everywhere, type Field, sometimes, text } from './field.ts';
import { gapOf, listed, missing } from './found.ts';

export const requestFields: readonly (readonly [name: string, field: Field])[] = [
  ['verb', { doc: 'Verb of the request.', source: 'verb', read: ({ verb, gaps }) => text(verb, gaps.verb) }],
  [
    'action',
    {
      doc: 'What was done: the verb, or `create` for a patch or update that made the object.',
      source: 'verb, responseStatus.code, age of the responseObject',
      unknown: sometimes(['gke'], 'GKE: apply patches whose response is not logged', 'patch', 'update'),
      read: ({ action, gaps }) => text(action ?? '', gaps.action),
    },
  ],
  ['resource', { doc: 'Kind of object, in the plural.', source: 'objectRef.resource', read: inObjectRef('resource') }],
  [
    'subresource',
    {
      doc: 'Part of the object, such as `exec`; empty for the object itself.',
      source: 'objectRef.subresource',
      read: inObjectRef('subresource'),
    },
  ],
  [
    'namespace',
    {
      doc: 'Namespace of the object, for a Namespace its own name; empty for a cluster-scoped object.',
      source: 'objectRef.namespace, requestObject.metadata.namespace',
      read: inObjectRef('namespace'),
    },
  ],
  [
    'name',
    {
      doc: 'Name of the object; `prefix*` if it was generated and only the prefix is known.',
      source: 'objectRef.name, responseObject.metadata.name, requestObject.metadata.name or generateName',
      unknown: sometimes(everywhere, 'objects created with generateName whose response is not logged', 'create'),
      read(event) {
        const found = inObjectRef('name')(event);
        const isGuess = event.objectRef?.name === '' || event.objectRef?.name.endsWith('*');
        const gap = found.gap ?? (isGuess && event.verb === 'create' ? event.gaps.responseObject : undefined);
        return gap === undefined ? found : { values: found.values.filter((name) => name !== ''), gap };
      },
    },
  ],
  [
    'apiGroup',
    { doc: 'API group of the object; empty for core.', source: 'objectRef.apiGroup', read: inObjectRef('apiGroup') },
  ],
  [
    'apiVersion',
    { doc: 'API version of the object.', source: 'objectRef.apiVersion', read: inObjectRef('apiVersion') },
  ],
  [
    'username',
    {
      doc: 'The authenticated user; empty if authentication failed.',
      source: 'user.username',
      read: ({ user, gaps }) => text(user.username, gaps.user ?? cutOf(user)),
    },
  ],
  [
    'uid',
    {
      doc: 'Id of the user.',
      source: 'user.uid',
      unknown: always(['gke'], 'GKE: ids of users are not logged'),
      read: ({ user, gaps }) => text(user.uid ?? '', gaps.user ?? cutOf(user) ?? unlogged(user), 'absent'),
    },
  ],
  [
    'groups',
    {
      many: true,
      doc: 'Groups of the user.',
      source: 'user.groups',
      unknown: always(['gke'], 'GKE: groups are not logged'),
      read: ({ user, gaps }) => groups(user, gaps.user),
    },
  ],
  [
    'impersonatedUser',
    {
      doc: 'The user that was impersonated (`kubectl --as`): authorization is decided for this one.',
      source: 'impersonatedUser.username',
      unknown: sometimes(
        ['aks', 'eks'],
        'AKSAudit tables and OCSF: impersonation is not logged, and is treated as none',
      ),
      read: ({ impersonatedUser: user, gaps }) =>
        user === null ? missing(gaps.impersonatedUser) : text(user.username, cutOf(user)),
    },
  ],
  [
    'sourceIPs',
    {
      many: true,
      doc: 'Addresses that the request came through; all but the last can be forged. GKE: a word, `private`, for internal callers.',
      source: 'sourceIPs',
      unknown: sometimes(['gke'], 'GKE: callers about whom Google logs nothing'),
      read: ({ sourceIPs, gaps }) => listed(sourceIPs, gaps.sourceIPs),
    },
  ],
  [
    'clientIPs',
    {
      many: true,
      doc: 'Those of sourceIPs that may be the client: the nearest that is not a proxy of the setting trustedProxies, and the one before it if X-Real-Ip may have put it there; without that setting all.',
      source: 'sourceIPs',
      unknown: sometimes(['gke'], 'GKE: callers about whom Google logs nothing'),
      read: ({ clientIPs, gaps }) => listed(clientIPs, gaps.sourceIPs),
    },
  ],
  [
    'clientIP',
    {
      doc: 'The one of clientIPs that is evaluated: the nearest on the internet, or else the nearest.',
      source: 'sourceIPs',
      unknown: sometimes(['gke'], 'GKE: callers about whom Google logs nothing'),
      read: ({ clientIPs, gaps }) => text(judgedOf(clientIPs) ?? '', gaps.sourceIPs, 'absent'),
    },
  ],
  [
    'userAgent',
    {
      doc: 'What the client calls itself.',
      source: 'userAgent',
      read: ({ userAgent, gaps }) => text(userAgent, gaps.userAgent),
    },
  ],
  [
    'userAgentName',
    {
      doc: 'What the client calls itself, up to the first slash or space: `kubectl`.',
      source: 'userAgent',
      read: ({ userAgent, gaps }) => text(nameIn(userAgent), gaps.userAgent),
    },
  ],
  [
    'requestURI',
    {
      doc: 'URI of the request. On GKE it is rebuilt, without its query.',
      source: 'requestURI',
      read: ({ requestURI, gaps }) => text(requestURI, gaps.requestURI),
    },
  ],
  [
    'auditID',
    { doc: 'Id of the request.', source: 'auditID', read: ({ auditID, gaps }) => text(auditID, gaps.auditID) },
  ],
  [
    'stage',
    {
      doc: 'RequestReceived, ResponseStarted, ResponseComplete or Panic.',
      source: 'stage',
      read: ({ stage, gaps }) => text(stage, gaps.stage),
    },
  ],
  [
    'level',
    {
      doc: 'Metadata, Request or RequestResponse.',
      source: 'level',
      unknown: [...always(['gke'], 'GKE: levels are not logged'), ...sometimes(['eks'], 'OCSF: levels are not logged')],
      read: ({ level, gaps }) => text(level, gaps.level ?? 'not_logged'),
    },
  ],
  [
    'outcome',
    {
      doc: 'none, success, unauthenticated, forbidden, admission_denied, conflict or error.',
      source: 'stage, responseStatus, annotations',
      read: ({ outcome, gaps }) => (gaps.outcome === undefined ? { values: [outcome] } : missing(gaps.outcome)),
    },
  ],
  [
    'decision',
    {
      doc: 'What the authorizer said: allow or forbid. Admission may refuse what it allows: see outcome.',
      source: 'annotations.authorization.k8s.io/decision',
      read: ({ annotations, gaps }) =>
        text(
          textAt(annotations, 'authorization.k8s.io/decision') ?? '',
          gaps.annotations ?? cutOf(annotations),
          'absent',
        ),
    },
  ],
  [
    'responseStatus',
    {
      doc: 'Status of the answer: code, status, reason and message. Its `details` and `metadata` have names of their own.',
      source: 'responseStatus',
      read: ({ responseStatus, gaps }) =>
        responseStatus === null ? missing(gaps.responseStatus) : inShort(responseStatus),
    },
  ],
  [
    'responseStatus.code',
    {
      doc: 'HTTP status of the answer; gRPC codes are translated.',
      source: 'responseStatus.code',
      unknown: sometimes(['gke'], 'GKE: absent for patches and updates that succeeded (200 or 201)', 'patch', 'update'),
      read: status('code'),
    },
  ],
  ['responseStatus.status', { doc: 'Success or Failure.', source: 'responseStatus.status', read: status('status') }],
  [
    'responseStatus.reason',
    { doc: 'Reason of a failure, such as `Forbidden`.', source: 'responseStatus.reason', read: status('reason') },
  ],
  [
    'responseStatus.message',
    { doc: 'Message returned to the client.', source: 'responseStatus.message', read: status('message') },
  ],
  [
    'dryRun',
    {
      doc: 'Nothing was persisted.',
      source: 'dryRun in requestURI, in the body of a deletion, in the label command.gke.io/dryRun',
      read: ({ dryRun, gaps }) => (gaps.dryRun === undefined ? { values: [dryRun] } : missing(gaps.dryRun)),
    },
  ],
  [
    'evidence',
    { doc: 'full, partial or metadata.', source: 'bodies', read: ({ evidence }) => ({ values: [evidence] }) },
  ],
  [
    'platform',
    {
      doc: 'kubernetes, eks, aks, gke or openshift.',
      source: 'wrappers, users',
      read: ({ platform }) => ({ values: [platform] }),
    },
  ],
  [
    'cluster',
    {
      doc: 'Name of the cluster; absent if neither the record nor the configuration names it.',
      source: 'wrappers, keys beside the event, configuration',
      read: ({ cluster }) => text(cluster?.name ?? '', undefined, 'absent'),
    },
  ],
];

function inObjectRef(
  name: 'resource' | 'subresource' | 'namespace' | 'name' | 'apiGroup' | 'apiVersion',
): (event: AuditEvent) => Found {
  return ({ objectRef, gaps }) =>
    objectRef === null ? missing(gaps.objectRef) : text(objectRef[name], cutOf(objectRef) ?? gaps[`objectRef.${name}`]);
}

function nameIn(userAgent: string): string {
  const end = userAgent.search(/[/\s]/);
  return end === -1 ? userAgent : userAgent.slice(0, end);
}

function status(name: string): Field['read'] {
  return ({ responseStatus, gaps }) =>
    responseStatus === null ? missing(gaps.responseStatus) : walk(responseStatus, name);
}

function inShort({ details, metadata, ...status }: ResponseStatus): Found {
  return { values: [status], ...gapOf(cutOf(status)) };
}

export function groups(user: User, gap: string | undefined): Found {
  if (user.groups === null) return missing('not_logged');
  // Groups come before extra, so if extra is present they are complete. A missing name does not mean that they are cut.
  const cut = user.extra === undefined && cutOf(user) !== 'missing' ? cutOf(user) : undefined;
  return listed(user.groups, gap ?? cut);
}

/** A platform that does not log groups logs no ids either. */
function unlogged(user: User): string | undefined {
  return user.groups === null ? 'not_logged' : undefined;
}
