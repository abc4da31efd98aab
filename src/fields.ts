/** The field names that rules know, and how an event is read by them. */
import { certificateRequests } from './fields/certificate-request.ts';
import { configDataOf } from './fields/config-data.ts';
import { commandOf, containerOf } from './fields/exec-request.ts';
import { gapOf, listed, missing } from './fields/found.ts';
import { type PodSpec, podSpecOf } from './fields/pod-spec.ts';
import { capabilityName, imageRepository, plainPath } from './fields/pod-values.ts';
import { proxyPathOf } from './fields/proxy-path.ts';
import { workloadOf } from './fields/workload.ts';
import { readWritten, type WrittenObject, writtenObjectOf } from './fields/written-object.ts';
import { CUT, isMap, type JsonMap, member, textAt } from './json/map.ts';
import { booleanOf } from './json/typed.ts';
import { isPublic } from './network.ts';
import { type AuditEvent, Platform, type ResponseStatus, type User } from './record.ts';
import type { FieldLookup, Found } from './sigma/field.ts';
import { walk, words } from './sigma/walk.ts';

/** Where platforms do not tell what a field says. */
export interface Unknown {
  platforms: readonly Platform[];
  /** Whether it is so for every event there, or for some. */
  extent: 'always' | 'sometimes';
  /** Requests that it is so for; all if absent. */
  verbs?: readonly string[];
  /** In words, for a table. */
  where: string;
}

/** One name of the taxonomy. */
export interface Field {
  /** One line: what it says. */
  doc: string;
  /** Where it is read, in the words of audit.k8s.io. */
  source: string;
  /** Where it is not known: a rule that turns on it is then undecided, not false. */
  unknown?: readonly Unknown[];
  /** Tells whether names go on below it: `podSpec.dnsPolicy`. */
  nested?: true;
  /** Tells that it holds several values, and is shown as a list even of one. */
  many?: true;
  /** @param path what follows the name and its dot; empty for the name alone */
  read(event: AuditEvent, written: Written, path: string): Found;
}

/** What an event writes. */
interface Written {
  object: WrittenObject;
  pod: PodSpec;
}

const everywhere = Platform.enum;

function sometimes(platforms: readonly Platform[], where: string, ...verbs: string[]): readonly Unknown[] {
  return [{ platforms, extent: 'sometimes', where, ...(verbs.length > 0 && { verbs }) }];
}

function always(platforms: readonly Platform[], where: string): readonly Unknown[] {
  return [{ platforms, extent: 'always', where }];
}

const BODIES_UNKNOWN = sometimes(
  everywhere,
  "where the policy logs no bodies, as OpenShift's by default, or they were cut, truncated, skipped or split",
);

/** Every unified field by its name. Other names are those of audit.k8s.io, read from the unified event. */
export const fields: ReadonlyMap<string, Field> = new Map<string, Field>([
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
  ['resource', { doc: 'Kind of object, in plural.', source: 'objectRef.resource', read: inObjectRef('resource') }],
  [
    'subresource',
    {
      doc: 'Part of the object, as `exec`; empty for the object itself.',
      source: 'objectRef.subresource',
      read: inObjectRef('subresource'),
    },
  ],
  [
    'namespace',
    {
      doc: 'Namespace of the object, a Namespace being in itself; empty for a cluster-scoped one.',
      source: 'objectRef.namespace, requestObject.metadata.namespace',
      read: inObjectRef('namespace'),
    },
  ],
  [
    'name',
    {
      doc: 'Name of the object; `prefix*` where it was generated and only the prefix is known.',
      source: 'objectRef.name, responseObject.metadata.name, requestObject.metadata.name or generateName',
      unknown: sometimes(everywhere, 'objects created with generateName where the response is not logged', 'create'),
      read(event, written, path) {
        const found = inObjectRef('name')(event, written, path);
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
      doc: 'Who was authenticated; empty where authentication failed.',
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
      doc: 'As whom the user acted (`kubectl --as`): authorization is decided on this one.',
      source: 'impersonatedUser.username',
      unknown: sometimes(['aks', 'eks'], 'AKSAudit tables and OCSF: impersonation is not logged, and taken for none'),
      read: ({ impersonatedUser: user, gaps }) =>
        user === null ? missing(gaps.impersonatedUser) : text(user.username, cutOf(user)),
    },
  ],
  [
    'sourceIPs',
    {
      many: true,
      doc: 'Addresses that the request came through; all but the last can be forged. GKE: for callers inside a word, `private`.',
      source: 'sourceIPs',
      unknown: sometimes(['gke'], 'GKE: callers of which Google tells nothing'),
      read: ({ sourceIPs, gaps }) => listed(sourceIPs, gaps.sourceIPs),
    },
  ],
  [
    'clientIPs',
    {
      many: true,
      doc: 'Those of sourceIPs that may be the client: the nearest that is no proxy of the setting trustedProxies; without that setting all.',
      source: 'sourceIPs',
      unknown: sometimes(['gke'], 'GKE: callers of which Google tells nothing'),
      read: ({ clientIPs, gaps }) => listed(clientIPs, gaps.sourceIPs),
    },
  ],
  [
    'clientIP',
    {
      doc: 'The one of clientIPs that is judged: the nearest on the internet, or else the nearest.',
      source: 'sourceIPs',
      unknown: sometimes(['gke'], 'GKE: callers of which Google tells nothing'),
      read: ({ clientIPs, gaps }) =>
        text(clientIPs.findLast(isPublic) ?? clientIPs.at(-1) ?? '', gaps.sourceIPs, 'absent'),
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
      doc: 'What the client calls itself, up to the first slash or blank: `kubectl`.',
      source: 'userAgent',
      read: ({ userAgent, gaps }) => text(userAgent.split(/[/\s]/, 1)[0], gaps.userAgent),
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
    { doc: 'Reason of a failure, as `Forbidden`.', source: 'responseStatus.reason', read: status('reason') },
  ],
  [
    'responseStatus.message',
    { doc: 'What the client was told.', source: 'responseStatus.message', read: status('message') },
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
      doc: 'Name of the cluster; absent where neither record nor configuration tell it.',
      source: 'wrappers, keys beside the event, configuration',
      read: ({ cluster }) => text(cluster?.name ?? '', undefined, 'absent'),
    },
  ],
  [
    'object',
    {
      doc: 'The object that is written: as stored if it is created, as asked for if it is changed.',
      source: 'responseObject, requestObject',
      unknown: BODIES_UNKNOWN,
      nested: true,
      read: (event, { object }, path) => readWritten(event, object, path),
    },
  ],
  [
    'workload',
    {
      doc: 'Topmost controller of a pod or workload that can be told, as `shop/Deployment/web`; else the pod itself.',
      source: 'objectRef, metadata.ownerReferences, label pod-template-hash',
      unknown: sometimes(everywhere, 'pods whose owner is not logged: then it is the pod, and may be another'),
      read: workloadOf,
    },
  ],
  [
    'command',
    {
      many: true,
      doc: 'Arguments of an exec, one by one.',
      source: 'command in requestURI, requestObject.command, label command.gke.io/command',
      unknown: sometimes(['gke'], 'where the URI has no query, as on GKE, and there is no label'),
      read: commandOf,
    },
  ],
  [
    'commandLine',
    {
      doc: 'Arguments of an exec, joined by blanks.',
      source: 'command in requestURI, requestObject.command, label command.gke.io/command',
      unknown: sometimes(['gke'], 'where the URI has no query, as on GKE, and there is no label'),
      read(event) {
        const { values, gap } = commandOf(event);
        return values.length === 0 ? missing(gap) : { values: [values.join(' ')] };
      },
    },
  ],
  [
    'container',
    {
      doc: 'Container that an exec or attach names.',
      source: 'container in requestURI, requestObject.container',
      unknown: sometimes(['gke'], 'where the URI has no query, as on GKE'),
      read: containerOf,
    },
  ],
  [
    'proxyPath',
    {
      doc: 'Path that is requested through the proxy of a node, pod or service, as kube-apiserver forwards it: decoded, without `//`, `.`, `..` and a slash at the end.',
      source: 'requestURI',
      read: proxyPathOf,
    },
  ],
  [
    'certificateRequest',
    {
      doc: 'What a CertificateSigningRequest wants signed, decoded down to bytes: names in it can be searched.',
      source: 'object.spec.request',
      unknown: BODIES_UNKNOWN,
      read(event, { object }) {
        if (event.objectRef?.resource !== 'certificatesigningrequests') return missing(event.gaps.objectRef);
        const { values, gap } = readWritten(event, object, 'spec.request');
        return { values: values.flatMap(certificateRequests), ...gapOf(gap) };
      },
    },
  ],
  [
    'configData',
    {
      many: true,
      doc: 'Entries of a ConfigMap that is written, as `key=value`; those without a value are left out.',
      source: 'object.data',
      unknown: BODIES_UNKNOWN,
      read: (event, { object }) => configDataOf(event, object),
    },
  ],
  ['hostPID', flag('hostPID', 'Pods share the process ids of their node.')],
  ['hostIPC', flag('hostIPC', 'Pods share the IPC namespace of their node.')],
  ['hostNetwork', flag('hostNetwork', 'Pods share the network of their node.')],
  ['shareProcessNamespace', flag('shareProcessNamespace', 'The containers of a pod share process ids.')],
  ['serviceAccountName', inPodSpec('serviceAccountName', 'Service account that pods run as.')],
  ['nodeName', inPodSpec('nodeName', 'Node that the pod is bound to.')],
  ['volumes', { ...inPodSpec('volumes', 'Volumes of the pod spec, one by one.'), nested: true }],
  [
    'containers',
    {
      doc: 'Containers, init containers and ephemeral containers of the pod spec, one by one.',
      source: 'podSpec',
      unknown: BODIES_UNKNOWN,
      nested: true,
      read(_event, { pod }, path) {
        const found = inContainers(pod, path);
        return path === '' ? { ...found, places: [found.values] } : found;
      },
    },
  ],
  ['images', ofContainers('image', String, 'Images of all containers, as written.')],
  ['imageRepositories', ofContainers('image', imageRepository, 'Images of all containers, without tag and digest.')],
  [
    'capabilities',
    ofContainers(
      'securityContext.capabilities.add',
      capabilityName,
      'Linux capabilities that any container adds: in upper case, without `CAP_`.',
    ),
  ],
  [
    'hostPath',
    {
      many: true,
      doc: 'Paths of the node that volumes open, PersistentVolumes too: without `//`, `.`, `..` and a slash at the end.',
      source: 'podSpec.volumes.hostPath.path, object.spec.hostPath.path, object.spec.local.path',
      unknown: BODIES_UNKNOWN,
      read(event, { object, pod }) {
        if (event.objectRef?.resource !== 'persistentvolumes')
          return textsIn(pod.read('volumes.hostPath.path'), plainPath);
        const paths = ['spec.hostPath.path', 'spec.local.path'].map((path) => readWritten(event, object, path));
        return textsIn(joined(paths), plainPath);
      },
    },
  ],
  [
    'podSpec',
    {
      doc: 'Pod spec of a pod or a workload that is written: as stored if it is created, as asked for if it is changed.',
      source: 'responseObject, requestObject: spec, or spec.template.spec and the like',
      unknown: BODIES_UNKNOWN,
      nested: true,
      read: (_event, { pod }, path) => pod.read(path),
    },
  ],
  [
    'podSource',
    {
      doc: 'The body that podSpec is read from: request, response or patch.',
      source: 'requestObject, responseObject',
      unknown: BODIES_UNKNOWN,
      read: (_event, { pod }) => pod.source,
    },
  ],
  [
    'owner.kind',
    {
      doc: 'Kind of the controller that owns the object.',
      source: 'metadata.ownerReferences',
      unknown: BODIES_UNKNOWN,
      read: owner('kind'),
    },
  ],
  [
    'owner.name',
    {
      doc: 'Name of the controller that owns the object.',
      source: 'metadata.ownerReferences',
      unknown: BODIES_UNKNOWN,
      read: owner('name'),
    },
  ],
]);

/** How rules see an event: unified names, names below them, and the names of audit.k8s.io on every platform. Each name is
 * looked up once: names are those of the rules, which are many and ask for the same. */
export function fieldsOf(event: AuditEvent): FieldLookup {
  const answers = new Map<string, Found>();
  let written: Written | undefined;

  function find(name: string): Found {
    if (name === '') return wordsOf(event);
    const dot = name.indexOf('.');
    const head = dot === -1 ? name : name.slice(0, dot);
    const field = fields.get(name) ?? (fields.get(head)?.nested ? fields.get(head) : undefined);
    if (field === undefined) return raw(event, name, head, lookup);
    written ??= writtenBy(event);
    return field.read(event, written, fields.has(name) ? '' : name.slice(dot + 1));
  }

  function lookup(name: string): Found {
    let found = answers.get(name);
    if (found === undefined) answers.set(name, (found = find(name)));
    return found;
  }
  return lookup;
}

function writtenBy(event: AuditEvent): Written {
  const object = writtenObjectOf(event);
  return { object, pod: podSpecOf(event, object) };
}

/** What the log said, without what was made of it. */
function wordsOf({
  platform,
  cluster,
  action,
  outcome,
  dryRun,
  evidence,
  clientIPs,
  gaps,
  ...logged
}: AuditEvent): Found {
  const { values, gap } = words(logged);
  return { values, ...gapOf(gap ?? Object.values(gaps)[0]) };
}

/** The names of audit.k8s.io that have a unified one. */
const UNIFIED: ReadonlyMap<string, string> = new Map([
  ...['resource', 'subresource', 'namespace', 'name', 'apiGroup', 'apiVersion'].map(
    (member) => [`objectRef.${member}`, member] as const,
  ),
  ['user.username', 'username'],
  ['user.uid', 'uid'],
  ['user.groups', 'groups'],
  ['impersonatedUser.username', 'impersonatedUser'],
]);

/** Reads a name of audit.k8s.io. What kube-apiserver leaves out where it is empty is absent, as in its own log. */
function raw(event: AuditEvent, name: string, head: string, lookup: FieldLookup): Found {
  const unified = UNIFIED.get(name);
  if (unified !== undefined) {
    const found = lookup(unified);
    return { ...found, values: found.values.filter((value) => value !== '') };
  }
  if (name === 'impersonatedUser.groups' && event.impersonatedUser !== null)
    return groups(event.impersonatedUser, undefined);
  if (isUnloggedByGoogle(event, name, head)) return missing('not_logged');
  const found = walk(event, name);
  const gap = found.gap ?? textAt(event.gaps, head);
  // Of a map that is there, its own mark says what is missing from it.
  const isWhole = isMap(member(event, head));
  return isWhole && found.gap === undefined ? found : { ...found, ...gapOf(gap) };
}

/** Members of audit.k8s.io that Cloud Audit Logs have no place for. */
function isUnloggedByGoogle({ platform, impersonatedUser }: AuditEvent, name: string, head: string): boolean {
  if (platform !== 'gke') return false;
  if (head === 'authenticationMetadata') return impersonatedUser !== null;
  return name === 'objectRef.uid' || name === 'objectRef.resourceVersion';
}

/** Where a field is not known, by whichever of its names. */
export function unknownOf(name: string): readonly Unknown[] {
  const head = name.split('.', 1)[0]!;
  if (name === '' || head === 'requestObject' || head === 'responseObject') return BODIES_UNKNOWN;
  const field = fields.get(UNIFIED.get(name) ?? name) ?? (fields.get(head)?.nested ? fields.get(head) : undefined);
  return field?.unknown ?? [];
}

function inObjectRef(
  name: 'resource' | 'subresource' | 'namespace' | 'name' | 'apiGroup' | 'apiVersion',
): Field['read'] {
  return ({ objectRef, gaps }) =>
    objectRef === null ? missing(gaps.objectRef) : text(objectRef[name], cutOf(objectRef));
}

function status(name: string): Field['read'] {
  return ({ responseStatus, gaps }) =>
    responseStatus === null ? missing(gaps.responseStatus) : walk(responseStatus, name);
}

function inShort({ details, metadata, ...status }: ResponseStatus): Found {
  return { values: [status], ...gapOf(cutOf(status)) };
}

function flag(name: string, doc: string): Field {
  return { doc, source: `podSpec.${name}`, unknown: BODIES_UNKNOWN, read: (_event, { pod }) => pod.flag(name) };
}

function inPodSpec(name: string, doc: string): Field {
  return {
    doc,
    source: `podSpec.${name}`,
    unknown: BODIES_UNKNOWN,
    read: (_event, { pod }, path) => pod.read(below(name, path)),
  };
}

function inContainers(pod: PodSpec, path: string): Found {
  return joined(['containers', 'initContainers', 'ephemeralContainers'].map((list) => pod.read(below(list, path))));
}

function ofContainers(path: string, spelled: (value: string) => string, doc: string): Field {
  return {
    many: true,
    doc,
    source: `containers.${path}`,
    unknown: BODIES_UNKNOWN,
    read: (_event, { pod }) => textsIn(inContainers(pod, path), spelled),
  };
}

/** The texts that were found, each in the spelling that rules know. */
function textsIn({ values, gap }: Found, spelled: (value: string) => string): Found {
  return listed(values.filter((value) => typeof value === 'string').map(spelled), gap);
}

function below(name: string, path: string): string {
  return path === '' ? name : `${name}.${path}`;
}

function owner(name: 'kind' | 'name'): Field['read'] {
  return ({ requestObject, responseObject, gaps }) => {
    const body = isMap(requestObject) ? requestObject : responseObject;
    if (body === undefined) return missing(gaps.requestObject ?? gaps.responseObject);
    const { values, gap } = walk(body, 'metadata.ownerReferences');
    const controllers = values.filter((reference) => booleanOf(member(reference, 'controller')) === true);
    return { values: controllers.flatMap((reference) => walk(reference, name).values), ...gapOf(gap) };
  };
}

function groups(user: User, gap: string | undefined): Found {
  if (user.groups === null) return missing('not_logged');
  // Groups stand before extra, so that extra says that they are all there. Where the name is missing, they need not be.
  const cut = user.extra === undefined && cutOf(user) !== 'missing' ? cutOf(user) : undefined;
  return listed(user.groups, gap ?? cut);
}

/** A text: one that is empty is unknown where there is a gap. */
function text(value: string, gap: string | undefined, empty: 'present' | 'absent' = 'present'): Found {
  if (value !== '') return { values: [value] };
  return gap === undefined && empty === 'present' ? { values: [''] } : missing(gap);
}

function joined(found: readonly Found[]): Found {
  const values = found.flatMap(({ values }) => values);
  const places = found.flatMap(({ values, places }) => places ?? values);
  return { values, places, ...gapOf(found.find(({ gap }) => gap !== undefined)?.gap) };
}

function cutOf(part: object): string | undefined {
  return (part as JsonMap)[CUT];
}

/** A platform that does not log groups logs no ids either. */
function unlogged(user: User): string | undefined {
  return user.groups === null ? 'not_logged' : undefined;
}
