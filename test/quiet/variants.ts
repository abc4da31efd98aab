/** A log as it would be in another cluster: under other names, with another audit policy, or with somebody else using the
 * tokens. */
import { hash } from 'node:crypto';
import type { AuditRecord } from './logs.ts';

const serviceAccount = /^system:serviceaccount:([^:]+):([^:]+)$/;
/** Names that are the same in every cluster. */
const fixedNames = /^(default|admin|edit|view|cluster-admin|kube-(system|public|node-lease)|system:.*)$/;
/** Members with Kubernetes terms, which nobody renames. */
const fixedMembers = new Set([
  ...['kind', 'apiVersion', 'apiVersions', 'apiGroup', 'apiGroups', 'group', 'level', 'stage', 'verb', 'verbs'],
  ...['resource', 'resources', 'subresource', 'type', 'policyTypes', 'fieldType', 'annotations', 'auditID'],
]);

/** Namespace and name of the service account that sends a request. */
function accountOf({ user }: AuditRecord): { namespace: string; name: string } | undefined {
  const [, namespace, name] = serviceAccount.exec(user?.username ?? '') ?? [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}

/** Whether a service account sends it that does not belong to kube-controller-manager. */
export function isOfAddOn(record: AuditRecord): boolean {
  return accountOf(record) !== undefined && !String(record.userAgent).startsWith('kube-controller-manager');
}

/** The same meaningless name for the same word. */
const meaningless = (word: string) => `n${hash('sha256', word).slice(0, 8)}`;

/** Gives another name to every namespace and service account except kube-system and its controllers, to every role, binding and
 * webhook configuration, and to every client of an add-on, wherever it occurs in a record. */
export function renamed(log: readonly AuditRecord[]): AuditRecord[] {
  return rename(log, namesIn(log), (agent) => agent.replace(/^[^\s/]+/, meaningless));
}

/** In addition, every object that an add-on works on is renamed, every add-on identifies itself as controller-runtime does by
 * default, and those of kube-system run in a namespace of their own. */
export function renamedThroughout(log: readonly AuditRecord[]): AuditRecord[] {
  const objects = log.filter(isOfAddOn).map(({ objectRef }) => objectRef?.name);
  const names = new Set([...namesIn(log), ...objects.filter(isName)]);
  return rename(log, names, () => 'manager/v0.0.0 (linux/amd64) kubernetes/$Format').map((record) =>
    isOfAddOn(record) ? { ...record, user: movedOut(record.user) } : record,
  );
}

function movedOut(user: AuditRecord): AuditRecord {
  const out = (text: string) => text.replace(/^(system:serviceaccounts?:)kube-system/, '$1n-platform');
  return { ...user, username: out(user.username), groups: user.groups.map(out) };
}

function isName(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && !fixedNames.test(name);
}

const namedApart = /^(namespaces|(cluster)?roles|(cluster)?rolebindings|(valid|mut)atingwebhookconfigurations)$/;

function namesIn(log: readonly AuditRecord[]): Set<string> {
  const names = new Set<string>();
  for (const record of log) {
    const { objectRef } = record;
    const account = isOfAddOn(record) ? accountOf(record) : undefined;
    const impersonated = serviceAccount.exec(record.impersonatedUser?.username ?? '') ?? [];
    const isAccount = objectRef?.resource === 'serviceaccounts' && objectRef.namespace !== 'kube-system';
    const own = isAccount || namedApart.test(objectRef?.resource) ? [objectRef.name] : [];
    for (const name of [objectRef?.namespace, account?.namespace, account?.name, ...impersonated.slice(1), ...own]) {
      if (isName(name)) names.add(name);
    }
  }
  return names;
}

function rename(log: readonly AuditRecord[], names: ReadonlySet<string>, client: (agent: string) => string) {
  const longestFirst = [...names].sort((a, b) => b.length - a.length).map((name) => name.replaceAll('.', '\\.'));
  const named = new RegExp(`(?<![\\w-])(?:${longestFirst.join('|')})(?![\\w-])`, 'g');
  const inText = (text: string) => text.replaceAll(named, meaningless);
  const inValue = (value: unknown): unknown => {
    if (typeof value === 'string') return inText(value);
    if (Array.isArray(value)) return value.map(inValue);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, fixedMembers.has(key) ? member : inValue(member)]),
    );
  };
  return log.map((record): AuditRecord => {
    const { userAgent, requestURI, user } = record;
    const [, group, path] = /^(\/apis\/[^/]+|)(.*)$/.exec(requestURI)!;
    const account = accountOf(record);
    return {
      ...(inValue(record) as AuditRecord),
      requestURI: group + inText(path!),
      userAgent: isOfAddOn(record) ? inText(client(userAgent)) : userAgent,
      ...(account && { user: { ...(inValue(user) as AuditRecord), uid: meaningless(user.uid ?? user.username) } }),
    };
  });
}

/** As logged by a policy that keeps no body. */
export function atMetadata(log: readonly AuditRecord[]): AuditRecord[] {
  return log.map(({ requestObject, responseObject, ...record }) => ({ ...record, level: 'Metadata' }));
}

/** The Secrets that add-ons read one by one, in every other hour as well. */
export function hourly(log: readonly AuditRecord[]): AuditRecord[] {
  const reads = log.filter(
    (record) => isOfAddOn(record) && record.objectRef?.resource === 'secrets' && record.verb === 'get',
  );
  const again = Array.from({ length: 24 }, (_, hour) => hour).flatMap((hour) =>
    reads
      .filter(({ requestReceivedTimestamp }) => hourOf(requestReceivedTimestamp) !== hour)
      .map((read) => at(hour, read)),
  );
  const time = ({ requestReceivedTimestamp }: AuditRecord) => requestReceivedTimestamp;
  return [...log, ...again].sort((a, b) => (time(a) < time(b) ? -1 : time(a) > time(b) ? 1 : 0));
}

const hourOf = (time: string) => Number(time.slice(11, 13));

function at(hour: number, record: AuditRecord): AuditRecord {
  const moved = (time: string) => `${time.slice(0, 11)}${String(hour).padStart(2, '0')}${time.slice(13)}`;
  return {
    ...record,
    auditID: `${record.auditID}-${hour}`,
    requestReceivedTimestamp: moved(record.requestReceivedTimestamp),
    stageTimestamp: moved(record.stageTimestamp),
  };
}

/** How somebody uses a token that is not theirs. */
export const borrowers = {
  'by kubectl, in a pod': { userAgent: 'kubectl/v1.33.1 (linux/amd64) kubernetes/8adc0f0' },
  'by curl, in a pod': { userAgent: 'curl/8.5.0' },
  'from outside': { sourceIPs: ['203.0.113.7'] },
} satisfies Record<string, Partial<AuditRecord>>;

/** The log with every request of a service account sent by somebody who has its token. */
export function borrowed(log: readonly AuditRecord[], borrower: Partial<AuditRecord>): AuditRecord[] {
  return log.map((record) => (accountOf(record) ? { ...record, ...borrower } : record));
}

/** The part of a control plane's log in which a Deployment, its ReplicaSet and its pods are created, with the requested number
 * of pods, all of them in the process namespace of their node. */
export function deploymentWithHostPid(log: readonly AuditRecord[], pods: number): AuditRecord[] {
  const created = (resource: string) =>
    log.find(
      ({ verb, objectRef, responseObject }) =>
        verb === 'create' && objectRef?.resource === resource && responseObject?.metadata?.name?.startsWith('tmp'),
    )!;
  const [deployment, replicaSet] = ['deployments', 'replicasets'].map((resource) =>
    withBodies(created(resource), (body) => Object.assign(body.spec.template.spec, { hostPID: true })),
  );
  const pod = created('pods');
  const copies = Array.from({ length: pods }, (_, index) => ({
    ...withBodies(pod, (body) => Object.assign(body.spec, { hostPID: true })),
    auditID: `${pod.auditID}-${index}`,
  }));
  return [deployment!, replicaSet!, ...copies];
}

function withBodies(record: AuditRecord, change: (body: AuditRecord) => void): AuditRecord {
  const copy = structuredClone(record);
  for (const body of [copy.requestObject, copy.responseObject]) change(body);
  return copy;
}
