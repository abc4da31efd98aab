/** Pods of 80 KB that a workload controller creates: many containers, with many variables each. */
import { pod } from './bodies.ts';
import { clusterOf } from './cluster.ts';
import { auditEvent, corpus, pathOf } from './event.ts';
import { kubernetes } from './wrappers.ts';

export const large = corpus((random, index) => {
  const cluster = clusterOf(1);
  const namespace = random.pick(cluster.namespaces);
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `batch-${random.suffix(9)}`, uid: random.uuid() };
  const options = { namespace, generateName: `${owner.name}-`, owner, containers: 18, variables: 39 };
  const object = { resource: 'pods', namespace, apiVersion: 'v1' };
  const request = pod(random, options);
  const name = `${owner.name}-${random.suffix(5)}`;
  const response = { kind: 'Pod', apiVersion: 'v1', metadata: { name, namespace, uid: random.uuid() }, status: {} };
  const made = {
    client: cluster.replicaSet,
    verb: 'create',
    uri: pathOf(object),
    object,
    code: 201,
    request,
    response,
  };
  return kubernetes(auditEvent(random, index, made), index);
});
