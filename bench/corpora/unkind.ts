/** Records of a few service accounts that write and list without pause: each matches three of the rules that correlations
 * count. 2 KB each; one pod creation in ten has hostPID. */
import { corpus } from './event.ts';

export const unkind = corpus((_, index) => auditRecord(index));

function auditRecord(index: number): Record<string, unknown> {
  const namespace = `team-${index % 17}`;
  const name = `web-${index}-${((index * 2654435761) >>> 0).toString(16)}`;
  const isPod = index % 10 === 0;
  return {
    date: 1767323045.010123 + index / 1000,
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: isPod ? 'RequestResponse' : 'Metadata',
    auditID: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    stage: 'ResponseComplete',
    requestURI: isPod ? `/api/v1/namespaces/${namespace}/pods` : `/api/v1/namespaces/${namespace}/configmaps/${name}`,
    verb: isPod ? 'create' : ['get', 'list', 'watch', 'update'][index % 4],
    user: {
      username: `system:serviceaccount:${namespace}:deployer`,
      uid: '5f0c2a51-3c61-4c5e-9d1c-0d7d8a9fd0a1',
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/pod-name': [`deployer-${index % 7}`] },
    },
    sourceIPs: [`10.0.${index % 256}.7`],
    userAgent: 'kubectl/v1.33.2 (linux/amd64) kubernetes/abcdef0',
    objectRef: { resource: isPod ? 'pods' : 'configmaps', namespace, name, apiVersion: 'v1' },
    responseStatus: { metadata: {}, code: isPod ? 201 : 200 },
    ...(isPod && { requestObject: pod(index, name, namespace), responseObject: pod(index, name, namespace) }),
    requestReceivedTimestamp: '2026-01-02T03:04:05.000001Z',
    stageTimestamp: '2026-01-02T03:04:05.010001Z',
    annotations: {
      'authorization.k8s.io/decision': 'allow',
      'authorization.k8s.io/reason': `RBAC: allowed by RoleBinding "deployers/${namespace}" of Role "deployer"`,
      ...(!isPod && { note: 'x'.repeat(900) }),
    },
  };
}

function pod(index: number, name: string, namespace: string) {
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name, namespace, labels: { app: 'web', 'pod-template-hash': '8655b4b8c5' } },
    spec: {
      ...(index % 100 === 0 && { hostPID: true }),
      containers: [
        {
          name: 'web',
          image: 'registry.example.com/web:1.4.2',
          env: [{ name: 'MODE', value: 'production' }],
          resources: { limits: { cpu: '500m', memory: '256Mi' } },
        },
      ],
      restartPolicy: 'Always',
      serviceAccountName: 'web',
    },
  };
}
