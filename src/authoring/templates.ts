/** The documents that `tripline new` writes, with cases that pass, so that authors can change them step by step. */
import { randomUUID } from 'node:crypto';

export interface Template {
  /** The JSON Schema of the document. */
  schema: 'rule.schema.json' | 'exceptions.schema.json';
  /** The documents of the file, each without the line that names the schema. */
  documentsOf(name: string): readonly string[];
  /** Members of the file with its cases. */
  cases: Readonly<Record<'matches' | 'ignores', readonly object[]>>;
  /** What the author has to do first. */
  next: string;
}

const logsource = 'logsource:\n  product: kubernetes\n  service: audit';

const podsCreated = `detection:
  created:
    action: create
    resource: pods
    subresource: ''
    outcome: success
  dry_run:
    dryRun: true
  condition: created and not dry_run`;

const controller = 'system:serviceaccount:ingress:ingress-controller';

export const templates: Readonly<Record<'rule' | 'correlation' | 'exception', Template>> = {
  rule: {
    schema: 'rule.schema.json',
    documentsOf: (name) => [
      `title: Kubernetes ${titleOf(name)}
id: ${randomUUID()}
name: ${name}
${about('What happened, and why somebody should know about it.')}
${logsource}
${podsCreated}
falsepositives:
  - Who does this legitimately
level: medium
tripline:
  mode: shadow # its findings raise nothing until it is live
  summary: '[{username}] created pod [{namespace}/{name}]'
  context: [username, sourceIPs, userAgent, namespace, verb, resource, requestURI, responseStatus, cluster]
`,
    ],
    cases: {
      matches: [{ name: 'created', record: podRequest({}) }],
      ignores: [
        { name: 'refused', record: podRequest({ code: 403 }) },
        { name: 'dry run', record: podRequest({ query: '?dryRun=All' }) },
      ],
    },
    next: 'Describe in the rule what it should find, and add your own records to the cases',
  },
  correlation: {
    schema: 'rule.schema.json',
    documentsOf: (name) => [
      `title: Kubernetes Event of ${titleOf(name)}
id: ${randomUUID()}
name: ${name}-event
${about('One of the events that the correlation below counts.')}
${logsource}
${podsCreated}
falsepositives:
  - See the correlation
level: informational
tripline:
  summary: '[{username}] created pod [{namespace}/{name}]'
  context: [username, sourceIPs, userAgent, namespace, verb, resource, requestURI, responseStatus, cluster]
`,
      `title: Kubernetes ${titleOf(name)}
id: ${randomUUID()}
name: ${name}
${about('What the events say together, and why somebody should know about it.')}
correlation:
  type: event_count
  rules:
    - ${name}-event # names of rules, here or in other files
  group-by:
    - username
    - namespace
  timespan: 10m
  condition:
    gte: 3
falsepositives:
  - Who does this legitimately
level: medium
tripline:
  mode: shadow # its findings raise nothing until it is live
  summary: '[{username}] created [{value}] pods in [{namespace}] within ten minutes'
  context: [username, sourceIPs, userAgent, namespace, cluster]
`,
    ],
    cases: {
      matches: [{ name: 'three in ten minutes', records: [0, 4, 8].map((minute) => podRequest({ minute })) }],
      ignores: [
        { name: 'two', records: [0, 4].map((minute) => podRequest({ minute })) },
        { name: 'three in half an hour', records: [0, 15, 30].map((minute) => podRequest({ minute })) },
        {
          name: 'three users',
          records: ['ann', 'bob', 'eve'].map((username, minute) => podRequest({ username, minute })),
        },
      ],
    },
    next: 'Describe in the rule what is counted, in the correlation how, and add your own records to the cases',
  },
  exception: {
    schema: 'exceptions.schema.json',
    documentsOf: (name) => [
      `title: ${titleOf(name)}
id: ${randomUUID()}
name: ${name}
description: |
  Who does this legitimately, who asked for it, and when to look at it again.
date: ${today()}
${logsource}
filter:
  rules:
    - pod-host-network # names or ids of the rules that it applies to
  expected: # what nobody else can choose: a user, and what it does
    username|cased: ${controller}
    namespace: ingress
  condition: not expected # what has to hold for a match to stay
`,
    ],
    cases: {
      matches: [
        { name: 'somebody else', record: podRequest({ namespace: 'ingress', spec: { hostNetwork: true } }) },
        { name: 'elsewhere', record: podRequest({ username: controller, spec: { hostNetwork: true } }) },
      ],
      ignores: [
        {
          name: 'the controller',
          record: podRequest({ username: controller, namespace: 'ingress', spec: { hostNetwork: true } }),
        },
      ],
    },
    next: 'Describe in the exception which rules it is about and what it silences, and add their records to the cases',
  },
};

function about(description: string): string {
  return `status: experimental
description: |
  ${description}
author: Your name
date: ${today()}
references:
  - https://kubernetes.io/docs/concepts/security/
tags:
  - attack.execution
  - attack.t1610`;
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

function titleOf(name: string): string {
  return name
    .split('-')
    .map((word) => `${word[0].toUpperCase()}${word.slice(1)}`)
    .join(' ');
}

/** A request to create a pod, as kube-apiserver logs it. */
function podRequest({
  username = 'ann',
  namespace = 'shop',
  code = 201,
  query = '',
  minute = 0,
  spec = {},
}: {
  username?: string;
  namespace?: string;
  code?: number;
  query?: string;
  minute?: number;
  spec?: object;
}) {
  const time = new Date(Date.UTC(2026, 0, 15, 10, minute)).toISOString();
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Request',
    auditID: `a1b2c3d4-0000-4000-8000-0000000000${String(minute).padStart(2, '0')}`,
    stage: 'ResponseComplete',
    requestURI: `/api/v1/namespaces/${namespace}/pods${query}`,
    verb: 'create',
    user: { username, groups: ['system:authenticated'] },
    sourceIPs: ['198.51.100.9'],
    userAgent: 'kubectl/v1.33.1',
    objectRef: { resource: 'pods', namespace, name: 'web', apiVersion: 'v1' },
    responseStatus: { metadata: {}, code },
    requestObject: {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name: 'web', namespace },
      spec: { ...spec, containers: [{ name: 'web', image: 'registry.example.com/web:1' }] },
    },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
  };
}
