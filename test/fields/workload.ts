/** Rows of `workload`: the same for a pod as for its controller. */
import { CUT, type JsonMap } from '../../src/json/map.ts';
import type { Row } from './event.ts';

const owned = (kind: unknown, name: unknown, metadata: JsonMap = {}): JsonMap => ({
  metadata: {
    name: 'web-x1',
    labels: { app: 'web' },
    ownerReferences: [
      { kind: 'Other', name: 'o' },
      { kind, name, controller: true },
    ],
    ...metadata,
  },
});
const of = (resource: string, name: string, more: JsonMap = {}): JsonMap => ({
  objectRef: { resource, namespace: 'shop', name },
  ...more,
});
const hashed = (hash: string) => ({ labels: { app: 'web', 'pod-template-hash': hash } });

export const workload: Row[] = [
  [
    'workload of a pod of a Deployment',
    { responseObject: owned('ReplicaSet', 'web-5d4c8b7f9', hashed('5d4c8b7f9')) },
    'workload',
    ['shop/Deployment/web'],
  ],
  [
    'workload of a pod by its request alone',
    { requestObject: owned('ReplicaSet', 'web-5d4c8b7f9', hashed('5d4c8b7f9')) },
    'workload',
    ['shop/Deployment/web'],
  ],
  [
    'workload of a pod that is to be named',
    {
      objectRef: { resource: 'pods', namespace: 'shop' },
      requestObject: owned('ReplicaSet', 'web-5d4c8b7f9', {
        name: undefined,
        generateName: 'web-5d4c8b7f9-',
        ...hashed('5d4c8b7f9'),
      }),
    },
    'workload',
    ['shop/Deployment/web'],
  ],
  [
    'workload of a pod of a short hash',
    { responseObject: owned('ReplicaSet', 'a-b-zz', hashed('zz')) },
    'workload',
    ['shop/Deployment/a-b'],
  ],
  [
    'workload of a pod of a ReplicaSet on its own',
    { responseObject: owned('ReplicaSet', 'web-bcdfghjk') },
    'workload',
    ['shop/ReplicaSet/web-bcdfghjk'],
  ],
  [
    'workload of a pod with the label of another',
    { responseObject: owned('ReplicaSet', 'web-1', hashed('5d4c8b7f9')) },
    'workload',
    ['shop/ReplicaSet/web-1'],
  ],
  [
    'workload of a pod whose ReplicaSet is the hash alone',
    { responseObject: owned('ReplicaSet', '-zz', hashed('zz')) },
    'workload',
    ['shop/ReplicaSet/-zz'],
  ],
  [
    'workload of a pod whose labels are not logged',
    { responseObject: owned('ReplicaSet', 'web-5d4c8b7f9', { labels: undefined }) },
    'workload',
    ['shop/Deployment/web'],
  ],
  [
    'workload of a pod of a Rollout',
    { responseObject: owned('ReplicaSet', 'web-5d4c', { labels: { 'rollouts-pod-template-hash': '5d4c' } }) },
    'workload',
    ['shop/Rollout/web'],
  ],
  ['workload of a pod of a DaemonSet', { responseObject: owned('DaemonSet', 'ds') }, 'workload', ['shop/DaemonSet/ds']],
  [
    'workload of a pod of a StatefulSet',
    { responseObject: owned('StatefulSet', 'db') },
    'workload',
    ['shop/StatefulSet/db'],
  ],
  [
    'workload of a pod of a ReplicationController',
    { responseObject: owned('ReplicationController', 'rc-1') },
    'workload',
    ['shop/ReplicationController/rc-1'],
  ],
  ['workload of a pod of a Job', { responseObject: owned('Job', 'backup-12') }, 'workload', ['shop/Job/backup-12']],
  [
    'workload of a pod of a Job of a CronJob',
    { responseObject: owned('Job', 'backup-28123456') },
    'workload',
    ['shop/CronJob/backup'],
  ],
  ['workload of a pod of something else', { responseObject: owned('Workflow', 'w') }, 'workload', ['shop/Workflow/w']],
  ['workload of a static pod', { responseObject: owned('Node', 'n1') }, 'workload', ['shop/Pod/web']],
  ['workload of a bare pod', { responseObject: { metadata: { name: 'web' } } }, 'workload', ['shop/Pod/web']],
  [
    'workload of a pod without a controller',
    { responseObject: { metadata: { name: 'web', ownerReferences: [{ kind: 'Job', name: 'j' }] } } },
    'workload',
    ['shop/Pod/web'],
  ],
  ['workload of a pod whose owner is not logged', {}, 'workload', ['shop/Pod/web'], 'not_logged'],
  [
    'workload of a pod whose request alone is logged',
    { requestObject: { metadata: { name: 'web' } }, responseObject: 'skipped-too-big-size-object' },
    'workload',
    ['shop/Pod/web'],
  ],
  [
    'workload of a pod whose owner was cut',
    { requestObject: { metadata: { name: 'web', [CUT]: 'cut' }, [CUT]: 'cut' } },
    'workload',
    ['shop/Pod/web'],
    'cut',
  ],
  [
    'workload of a pod whose owner was cut in one body',
    {
      requestObject: owned('StatefulSet', 'db'),
      responseObject: { metadata: { name: 'web-x1', [CUT]: 'cut' }, [CUT]: 'cut' },
    },
    'workload',
    ['shop/StatefulSet/db'],
  ],
  [
    'workload of a pod that was refused, its request skipped',
    {
      responseStatus: { code: 403 },
      requestObject: 'skipped-too-big-size-object',
      responseObject: { kind: 'Status', metadata: {}, status: 'Failure' },
    },
    'workload',
    ['shop/Pod/web'],
    'skipped',
  ],
  [
    'workload of a pod in which somebody execs',
    { objectRef: { resource: 'pods', subresource: 'exec', namespace: 'shop', name: 'web-1' } },
    'workload',
    ['shop/Pod/web-1'],
    'not_logged',
  ],
  [
    'workload of a pod that is evicted',
    {
      objectRef: { resource: 'pods', subresource: 'eviction', namespace: 'shop', name: 'web-1' },
      requestObject: { metadata: { name: 'web-1' } },
      responseObject: { metadata: {}, status: 'Success' },
    },
    'workload',
    ['shop/Pod/web-1'],
    'not_logged',
  ],
  [
    'workload of a pod that is patched',
    {
      verb: 'patch',
      responseStatus: { code: 200 },
      requestObject: { metadata: { labels: { a: 'b' } } },
      responseObject: owned('StatefulSet', 'db'),
    },
    'workload',
    ['shop/StatefulSet/db'],
  ],
  [
    'workload of a pod that is deleted',
    { verb: 'delete', responseStatus: { code: 200 }, responseObject: owned('StatefulSet', 'db') },
    'workload',
    ['shop/StatefulSet/db'],
  ],
  [
    'workload of a bare pod that is to be named',
    {
      objectRef: { resource: 'pods', namespace: 'shop' },
      requestObject: { metadata: { generateName: 'web-', namespace: 'shop' } },
    },
    'workload',
    [],
    'not_logged',
  ],
  ['workload of a list of pods', { verb: 'list', objectRef: { resource: 'pods', namespace: 'shop' } }, 'workload', []],
  ['workload of a Deployment', of('deployments', 'web'), 'workload', ['shop/Deployment/web']],
  [
    'workload of a Deployment that something else controls',
    of('deployments', 'web', { responseObject: owned('App', 'a', { name: 'web' }) }),
    'workload',
    ['shop/Deployment/web'],
  ],
  [
    'workload of a Deployment that a CronJob controls',
    of('deployments', 'web', { responseObject: owned('CronJob', 'c', { name: 'web' }) }),
    'workload',
    ['shop/Deployment/web'],
  ],
  [
    'workload of a scale',
    { objectRef: { resource: 'deployments', subresource: 'scale', namespace: 'shop', name: 'web' } },
    'workload',
    ['shop/Deployment/web'],
  ],
  [
    'workload of a ReplicaSet of a Deployment',
    of('replicasets', 'web-5d4c8b7f9', { requestObject: owned('Deployment', 'web', hashed('5d4c8b7f9')) }),
    'workload',
    ['shop/Deployment/web'],
  ],
  ['workload of a ReplicaSet', of('replicasets', 'front'), 'workload', ['shop/ReplicaSet/front']],
  ['workload of a DaemonSet', of('daemonsets', 'ds'), 'workload', ['shop/DaemonSet/ds']],
  ['workload of a StatefulSet', of('statefulsets', 'db'), 'workload', ['shop/StatefulSet/db']],
  ['workload of a CronJob', of('cronjobs', 'backup'), 'workload', ['shop/CronJob/backup']],
  ['workload of a Job', of('jobs', 'backup'), 'workload', ['shop/Job/backup']],
  [
    'workload of a Job that a CronJob owns',
    of('jobs', 'backup-now', { responseObject: owned('CronJob', 'backup', { name: 'backup-now' }) }),
    'workload',
    ['shop/CronJob/backup'],
  ],
  ['workload of a Job by its name', of('jobs', 'backup-28123456'), 'workload', ['shop/CronJob/backup']],
  ['workload of a Service', of('services', 's', { requestObject: owned('Deployment', 'web') }), 'workload', []],
  [
    'workload in no namespace',
    { objectRef: { resource: 'pods', name: 'web' }, requestURI: '/api/v1/pods' },
    'workload',
    [],
  ],
  [
    'workload whose name was cut',
    { verb: 'get', objectRef: { resource: 'deployments', namespace: 'shop', [CUT]: 'cut' } },
    'workload',
    [],
    'cut',
  ],
  ['workload of a request for no object', { objectRef: null, requestURI: '/healthz' }, 'workload', []],
  ['workload of an owner without a name', { responseObject: owned('Job', '') }, 'workload', ['shop/Pod/web']],
  ['workload of an owner without a kind', { responseObject: owned('', 'j') }, 'workload', ['shop/Pod/web']],
  ['workload of an owner of another type', { responseObject: owned({}, ['x']) }, 'workload', ['shop/Pod/web']],
];
