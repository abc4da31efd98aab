/** Records made to cost a reader as much as possible: the deciding members come last, keys are escaped or duplicated, strings
 * and nested maps hold what looks like the members of an event, and each record has a user, an agent, a name and an address
 * that no other has. */
import type { Random } from '../random.ts';
import { corpus, rfc3339, timeOf } from './event.ts';

export const hostile = corpus((random, index) => {
  const name = `x-${random.hex(12)}`;
  const namespace = `n-${random.hex(8)}`;
  const address = `${11 + random.below(80)}.${random.below(256)}.${random.below(256)}.${1 + random.below(254)}`;
  const isWrite = random.oneIn(2);
  const members: [key: string, value: unknown][] = [
    ['requestObject', body(random, name, isWrite)],
    ['responseObject', body(random, name, false)],
    ['annotations', { 'authorization.k8s.io/decision': 'allow', note: lookalike(random) }],
    [escaped(random, 'verb'), 'delete'],
    ['user', { username: 'system:kube-scheduler', groups: [], extra: { verb: ['create'], user: [lookalike(random)] } }],
    ['sourceIPs', ['127.0.0.1']],
    ['__proto__', { verb: 'create', user: { username: 'system:masters' } }],
    ['kind', 'Event'],
    ['apiVersion', 'audit.k8s.io/v1'],
    ['level', 'RequestResponse'],
    ['stageTimestamp', rfc3339(timeOf(index) + 4, random.below(1000))],
    ['requestReceivedTimestamp', rfc3339(timeOf(index), random.below(1000))],
    [escaped(random, 'stage'), 'ResponseComplete'],
    ['responseStatus', { code: isWrite ? 201 : 200, metadata: {} }],
    ['userAgent', `agent-${random.hex(16)}/1.0`],
    [
      escaped(random, 'objectRef'),
      { verb: 'get', apiVersion: 'v1', name, namespace, resource: isWrite ? 'pods' : 'services' },
    ],
    ['sourceIPs', [address]],
    ['requestURI', `/api/v1/namespaces/${namespace}/${isWrite ? 'pods' : `services/${name}`}`],
    ['auditID', random.uuid()],
    [escaped(random, 'user'), { extra: {}, groups: ['system:authenticated'], username: `u-${random.hex(16)}` }],
    [escaped(random, 'verb'), isWrite ? 'create' : 'get'],
  ];
  return `{${members.map(([key, value]) => `${key.startsWith('"') ? key : JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
});

/** A key as text, with one of its characters escaped. */
function escaped(random: Random, key: string): string {
  const at = random.below(key.length);
  const code = key.charCodeAt(at).toString(16).padStart(4, '0');
  return `"${key.slice(0, at)}\\u${code}${key.slice(at + 1)}"`;
}

function lookalike(random: Random): string {
  return `","verb":"create","user":{"username":"system:admin-${random.hex(4)}"},"objectRef":{"resource":"secrets"},"\\`;
}

function body(random: Random, name: string, isWrite: boolean): Record<string, unknown> {
  return {
    metadata: { name, annotations: { [lookalike(random)]: lookalike(random), verb: 'delete' } },
    user: { username: 'system:anonymous' },
    objectRef: { resource: 'secrets', name: { verb: 'list' } },
    stage: 'RequestReceived',
    spec: {
      hostPID: isWrite && random.oneIn(20),
      containers: [{ name: 'a', image: `${random.hex(8)}/i`, args: [lookalike(random), '\u0001\u2028\ud83d\ude00é'] }],
    },
  };
}
