/** Synthetic rules about Kubernetes: varied fields, values and modifiers, from a seed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from './random.ts';

/** Writes them to a folder that is removed when the process ends, and returns its path. */
export function generatedRules(count: number, seed: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-rules-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  for (let index = 0; index < count; index++) {
    writeFileSync(join(folder, `generated-${index}.yml`), ruleText(new Random(seed, index), index));
  }
  return folder;
}

const verbs = ['create', 'update', 'patch', 'delete', 'get', 'list', 'watch', 'deletecollection'];
const resources = [
  ...['pods', 'secrets', 'configmaps', 'services', 'nodes', 'namespaces', 'serviceaccounts', 'persistentvolumes'],
  ...['deployments', 'daemonsets', 'statefulsets', 'replicasets', 'jobs', 'cronjobs', 'ingresses', 'networkpolicies'],
  ...['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings', 'leases', 'events', 'endpointslices'],
];
const bodyPaths = [
  ...['spec.hostPID', 'spec.nodeName', 'spec.serviceAccountName', 'spec.schedulerName', 'spec.priorityClassName'],
  ...['spec.containers.image', 'spec.containers.command', 'spec.template.spec.serviceAccountName', 'metadata.name'],
  ...['metadata.labels.app', 'spec.type', 'roleRef.name', 'subjects.name', 'data.config', 'spec.replicas'],
];

/** The items that distinguish a rule from the others: one line of a selection each. */
const items: readonly ((random: Random, word: string) => string)[] = [
  (random, word) => `username|${random.pick(['contains', 'startswith', 'endswith'])}: ['${word}', '${word}-ci']`,
  (random, word) => `username|contains|all: ['${word}', '${random.pick(['admin', 'bot', 'runner'])}']`,
  (random, word) => `userAgent|${random.pick(['contains', 'startswith'])}: ['${word}/', '${word}-cli/']`,
  (_, word) => `userAgent|re: '^${word}[-_]?[a-z]{2,8}/v?\\d+\\.'`,
  (random) => `sourceIPs|cidr: ['198.18.${random.below(256)}.0/24', '198.19.${random.below(256)}.0/24']`,
  (_, word) => `namespace: ['${word}', '${word}-prod']`,
  (random, word) => `namespace|${random.pick(['startswith', 'endswith', 'contains'])}: '${word}'`,
  (random, word) => `name|${random.pick(['contains', 'endswith'])}: ['${word}', '${word}-0']`,
  (_, word) => `name: ['${word}', '${word}-config', '${word}-token']`,
  (random, word) => `requestURI|contains${random.pick(['', '|all'])}: ['/${word}', 'fieldManager=${word}']`,
  (_, word) => `requestURI|re: '/${word}/[a-z0-9-]+\\?(.*&)?dryRun='`,
  (_, word) => `annotations.authorization.k8s.io/reason|contains: '${word}'`,
  (random, word) => `requestObject.${random.pick(bodyPaths)}: '${word}'`,
  (random, word) =>
    `requestObject.${random.pick(bodyPaths)}|${random.pick(['contains', 'startswith'])}: ['${word}', 'x${word}']`,
];

function ruleText(random: Random, index: number): string {
  // No record of the corpora contains such a word.
  const word = `q${random.hex(5)}z`;
  const distinguishing = Array.from({ length: 1 + random.below(2) }, () => random.pick(items)(random, word));
  const about = random.below(10) < 7 ? [list('verb', random, verbs), list('resource', random, resources)] : [];
  const hasException = random.oneIn(3);
  return `title: Generated ${index}
id: ${random.uuid()}
name: generated-${index}
status: test
description: Generated.
author: Tripline
date: 2026-11-28
logsource:
  product: kubernetes
  service: audit
detection:
  selection:
${[...about, ...new Map(distinguishing.map((item) => [item.split(':')[0], item])).values()].map((item) => `    ${item}`).join('\n')}
${hasException ? `  exception:\n    username|startswith: 'system:${word}'\n` : ''}  condition: selection${hasException ? ' and not exception' : ''}
level: ${random.pick(['low', 'medium', 'high'])}
`;
}

function list(field: string, random: Random, values: readonly string[]): string {
  const chosen = new Set(Array.from({ length: 1 + random.below(3) }, () => random.pick(values)));
  return `${field}: [${[...chosen].join(', ')}]`;
}
