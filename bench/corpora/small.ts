/** Records of 400 bytes: what is left of an event if the log keeps little of it. */
import { clusterOf } from './cluster.ts';
import { corpus, rfc3339, timeOf } from './event.ts';

export const small = corpus((random, index) => {
  const cluster = clusterOf(1);
  const { user, address } = random.pick(cluster.operators);
  const namespace = random.pick(cluster.namespaces);
  const name = random.pick(['api', 'worker', 'cache']);
  return {
    auditID: random.uuid(),
    stage: 'ResponseComplete',
    requestURI: `/api/v1/namespaces/${namespace}/services/${name}`,
    verb: 'get',
    user: { username: user.username },
    sourceIPs: [address],
    objectRef: { resource: 'services', namespace, name },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: rfc3339(timeOf(index), random.below(1000)),
  };
});
