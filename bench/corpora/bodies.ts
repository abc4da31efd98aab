/** Kubernetes objects as they appear in the bodies of the corpora. */
import type { Random } from '../random.ts';
import type { Node } from './cluster.ts';
import { second } from './event.ts';

export interface Owner {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
}

/** A lease as its holder writes it, or as it is stored. */
export function lease(
  random: Random,
  { name, namespace, holder, owner, now, version, isStored }: LeaseOptions,
): Record<string, unknown> {
  const seconds = owner === undefined ? 15 : 40;
  return {
    kind: 'Lease',
    apiVersion: 'coordination.k8s.io/v1',
    metadata: {
      name,
      namespace,
      uid: uidOf(name),
      resourceVersion: String(version),
      creationTimestamp: '2026-01-11T08:14:31Z',
      ...(owner && { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: owner.name, uid: owner.uid }] }),
      managedFields: isStored
        ? [
            {
              manager: owner === undefined ? holder.split('_')[0] : 'kubelet',
              operation: 'Update',
              apiVersion: 'coordination.k8s.io/v1',
              time: second(now),
              fieldsType: 'FieldsV1',
              fieldsV1: {
                ...(owner && { 'f:metadata': { 'f:ownerReferences': { '.': {}, [`k:{"uid":"${owner.uid}"}`]: {} } } }),
                'f:spec': {
                  ...(owner === undefined && { 'f:acquireTime': {} }),
                  'f:holderIdentity': {},
                  'f:leaseDurationSeconds': {},
                  ...(owner === undefined && { 'f:leaseTransitions': {} }),
                  'f:renewTime': {},
                },
              },
            },
          ]
        : undefined,
    },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: seconds,
      ...(owner === undefined && { acquireTime: '2026-02-27T21:05:44.000000Z' }),
      renewTime: `${second(now).slice(0, -1)}.${random.hex(6).replace(/[a-f]/g, '7')}Z`,
      ...(owner === undefined && { leaseTransitions: 12 }),
    },
  };
}

interface LeaseOptions {
  name: string;
  namespace: string;
  holder: string;
  /** The node, for the lease of a kubelet. */
  owner?: Node;
  now: number;
  version: number;
  /** Whether it is the API server's answer, which says who manages which field. */
  isStored: boolean;
}

/** A uid derived from a name alone. */
function uidOf(name: string): string {
  let hash = 0;
  for (const character of name) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) >>> 0;
  const hex = hash.toString(16).padStart(8, '0');
  return `${hex}-${hex.slice(0, 4)}-4${hex.slice(1, 4)}-a${hex.slice(4, 7)}-${hex}${hex.slice(0, 4)}`;
}

/** The patch of a pod's status that a kubelet sends. */
export function podStatus(random: Random, node: Node, now: number): Record<string, unknown> {
  const time = second(now);
  const condition = (type: string) => ({
    type,
    status: 'True',
    observedGeneration: 1,
    lastProbeTime: null,
    lastTransitionTime: time,
  });
  const podIP = `10.64.${random.below(250)}.${2 + random.below(250)}`;
  return {
    metadata: { uid: random.uuid() },
    status: {
      '$setElementOrder/conditions': ['Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({ type })),
      conditions: [condition('PodReadyToStartContainers'), condition('Ready'), condition('ContainersReady')],
      containerStatuses: [
        {
          containerID: `containerd://${random.hex(64)}`,
          image: 'registry.example.net/shop/api:4.11.0',
          imageID: `registry.example.net/shop/api@sha256:${random.hex(64)}`,
          lastState: {},
          name: 'api',
          ready: true,
          restartCount: 0,
          started: true,
          state: { running: { startedAt: time } },
        },
      ],
      hostIP: node.address,
      phase: 'Running',
      podIP,
      podIPs: [{ ip: podIP }],
      startTime: time,
    },
  };
}

export interface PodOptions {
  namespace: string;
  generateName: string;
  owner: Owner;
  containers: number;
  /** Variables of each container's environment. */
  variables: number;
}

/** A pod as a workload controller requests it. */
export function pod(random: Random, { namespace, generateName, owner, containers, variables }: PodOptions): Pod {
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      generateName,
      namespace,
      labels: { app: owner.name, 'pod-template-hash': random.suffix(10), tier: 'backend', 'example.net/team': 'shop' },
      annotations: { 'example.net/scrape': 'true', 'example.net/port': '9090' },
      ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      volumes: [
        { name: 'settings', configMap: { name: `${owner.name}-settings`, defaultMode: 420 } },
        { name: 'scratch', emptyDir: {} },
      ],
      containers: Array.from({ length: containers }, (_, index) => container(random, index, variables)),
      restartPolicy: owner.kind === 'Job' ? 'Never' : 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: owner.name,
      serviceAccount: owner.name,
      automountServiceAccountToken: false,
      securityContext: {
        runAsUser: 10_001,
        runAsNonRoot: true,
        fsGroup: 10_001,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      schedulerName: 'default-scheduler',
      tolerations: ['not-ready', 'unreachable'].map((condition) => ({
        key: `node.kubernetes.io/${condition}`,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      })),
      enableServiceLinks: false,
    },
    status: {},
  };
}

export interface Pod {
  kind: string;
  apiVersion: string;
  metadata: Record<string, unknown>;
  spec: Record<string, unknown>;
  status: Record<string, unknown>;
}

function container(random: Random, index: number, variables: number): Record<string, unknown> {
  return {
    name: index === 0 ? 'api' : `helper-${index}`,
    image: `registry.example.net/shop/${index === 0 ? 'api' : 'helper'}:4.${random.below(30)}.${random.below(9)}`,
    args: ['--listen=:8080', `--shard=${random.below(64)}`],
    ports: [{ name: 'http', containerPort: 8080 + index, protocol: 'TCP' }],
    env: Array.from({ length: variables }, (_, at) => ({
      name: `SETTING_${at}`,
      value: `https://service-${random.below(40)}.internal.example.net/v${random.below(4)}/${random.hex(8)}`,
    })),
    resources: { limits: { cpu: '1', memory: '512Mi' }, requests: { cpu: '100m', memory: '256Mi' } },
    volumeMounts: [
      { name: 'settings', readOnly: true, mountPath: '/etc/settings' },
      { name: 'scratch', mountPath: '/tmp' },
    ],
    livenessProbe: probe('/live'),
    readinessProbe: probe('/ready'),
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent',
    securityContext: {
      capabilities: { drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
    },
  };
}

function probe(path: string): Record<string, unknown> {
  return {
    httpGet: { path, port: 'http', scheme: 'HTTP' },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  };
}

/** The pod as the API server returns it: named, dated, and with the managed fields of its creator. */
export function storedPod(random: Random, asked: Pod, now: number, version: number): Pod {
  const { metadata, spec } = asked;
  return {
    ...asked,
    metadata: {
      name: `${metadata.generateName}${random.suffix(5)}`,
      ...metadata,
      uid: random.uuid(),
      resourceVersion: String(version),
      generation: 1,
      creationTimestamp: second(now),
      managedFields: [
        {
          manager: 'kube-controller-manager',
          operation: 'Update',
          apiVersion: 'v1',
          time: second(now),
          fieldsType: 'FieldsV1',
          fieldsV1: {
            'f:metadata': { 'f:annotations': { '.': {} }, 'f:generateName': {}, 'f:labels': { '.': {}, 'f:app': {} } },
            'f:spec': Object.fromEntries(Object.keys(spec).map((key) => [`f:${key}`, {}])),
          },
        },
      ],
    },
    status: { phase: 'Pending', qosClass: 'Burstable' },
  };
}

/** An event about a pod. */
export function podEvent(random: Random, options: EventOptions): Record<string, unknown> {
  const { name, namespace, reason, message, component, host, now, stored } = options;
  const time = second(now);
  return {
    kind: 'Event',
    apiVersion: 'v1',
    metadata: {
      name: `${name}.${random.hex(16)}`,
      namespace,
      ...(stored !== undefined && {
        uid: random.uuid(),
        resourceVersion: String(stored),
        creationTimestamp: time,
        managedFields: [
          {
            manager: component,
            operation: 'Update',
            apiVersion: 'v1',
            time,
            fieldsType: 'FieldsV1',
            fieldsV1: {
              'f:count': {},
              'f:firstTimestamp': {},
              'f:involvedObject': {},
              'f:message': {},
              'f:reason': {},
            },
          },
        ],
      }),
    },
    involvedObject: { kind: 'Pod', namespace, name, uid: random.uuid(), apiVersion: 'v1' },
    reason,
    message,
    source: { component, ...(host !== undefined && { host }) },
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
    type: 'Normal',
    eventTime: null,
    reportingComponent: component,
    reportingInstance: host ?? '',
  };
}

interface EventOptions {
  name: string;
  namespace: string;
  reason: string;
  message: string;
  component: string;
  host?: string;
  now: number;
  /** The resource version, for the answer of the API server. */
  stored?: number;
}
