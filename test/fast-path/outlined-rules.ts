/** Rules that each depend on one part of an event, so that a part missing from a profile shows in a tag, and some that depend
 * on several. Two sets that differ in a list, and one with exceptions. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ruleset } from '../../src/detect.ts';
import { loadRules } from '../../src/rules/index.ts';
import { mmdbOf } from '../enrichment/mmdb.ts';

const detections: Readonly<Record<string, string>> = {
  // One member each.
  'verb-write': '{ a: { verb: [create, update, patch] }, condition: a }',
  'action-create': '{ a: { action: create }, condition: a }',
  'stage-panic': '{ a: { stage: Panic }, condition: a }',
  'stage-started': '{ a: { stage: ResponseStarted }, condition: a }',
  'level-request': '{ a: { level: Request }, condition: a }',
  'level-metadata': '{ a: { level: Metadata }, condition: a }',
  'resource-secrets': '{ a: { resource: secrets }, condition: a }',
  'subresource-exec': '{ a: { subresource: exec }, condition: a }',
  'subresource-none': "{ a: { subresource: '' }, b: { resource: pods }, condition: a and b }",
  'group-apps': '{ a: { apiGroup: apps }, condition: a }',
  'version-beta': '{ a: { apiVersion|endswith: beta1 }, condition: a }',
  'user-ann': '{ a: { username: ann }, condition: a }',
  'user-node': "{ a: { username|startswith: 'system:node:' }, condition: a }",
  'user-uid': '{ a: { uid: u-1 }, condition: a }',
  'user-masters': "{ a: { groups: 'system:masters' }, condition: a }",
  'user-team': '{ a: { user.extra.example.com/team: red }, condition: a }',
  'user-known': "{ a: { username|expand: '%people%' }, condition: a }",
  'as-admin': "{ a: { impersonatedUser: 'system:admin' }, condition: a }",
  'as-masters': "{ a: { impersonatedUser.groups: 'system:masters' }, condition: a }",
  constraint: '{ a: { authenticationMetadata.impersonationConstraint|contains: node }, condition: a }',
  'address-public': "{ a: { sourceIPs|cidr: '203.0.113.0/24' }, condition: a }",
  'client-private': "{ a: { clientIP|cidr: '10.0.0.0/8' }, condition: a }",
  'client-asn': '{ a: { clientASN: 64500 }, condition: a }',
  'client-as-other': '{ a: { clientASN|gt: 64500 }, b: { verb: get }, condition: a and b }',
  'client-as-name': '{ a: { clientASOrganization|contains: example }, condition: a }',
  'client-country': '{ a: { clientCountry: [DE, FR] }, b: { username: ann }, condition: a and not b }',
  'client-network': "{ a: { clientNetwork: [AS64501, '10.0.0.1'] }, condition: a }",
  'agent-kubectl': '{ a: { userAgentName: kubectl }, condition: a }',
  'agent-old': "{ a: { userAgent|contains: 'v1.33' }, condition: a }",
  'agent-none': "{ a: { userAgent: '' }, condition: a }",
  'decision-forbid': '{ a: { decision: forbid }, condition: a }',
  'annotation-checked': "{ a: { annotations.webhook.example.com/checked: 'no' }, condition: a }",
  'annotation-violations':
    '{ a: { annotations.pod-security.kubernetes.io/audit-violations|contains: hostPID }, condition: a }',
  'annotation-mutated':
    '{ a: { annotations.mutation.webhook.admission.k8s.io/round_0_index_0|exists: true }, condition: a }',
  'code-failed': '{ a: { responseStatus.code|gte: 400 }, condition: a }',
  'status-failure': '{ a: { responseStatus.status: Failure }, condition: a }',
  'status-reason': '{ a: { responseStatus.reason: NotFound }, condition: a }',
  'status-details': '{ a: { responseStatus.details.kind: pods }, condition: a }',
  'outcome-denied': '{ a: { outcome: admission_denied }, condition: a }',
  'outcome-forbidden': '{ a: { outcome: [forbidden, unauthenticated] }, condition: a }',
  'dry-run': '{ a: { dryRun: true }, condition: a }',
  'namespace-system': '{ a: { namespace: kube-system }, condition: a }',
  'namespace-kube': '{ a: { namespace|startswith: kube- }, condition: a }',
  'namespace-none': "{ a: { namespace: '' }, condition: a }",
  'uri-version': "{ a: { requestURI|startswith: '/version' }, condition: a }",
  'uri-secrets': '{ a: { requestURI|contains: secrets }, condition: a }',
  'name-admin': '{ a: { name: cluster-admin }, condition: a }',
  'name-part': '{ a: { name|contains: [node, B-1] }, condition: a }',
  'name-of-ref': '{ a: { objectRef.name|endswith: auth }, condition: a }',
  'name-other': '{ a: { name|neq: [web-1, db] }, b: { resource: pods }, condition: a and b }',
  'name-not': '{ a: { name|neq: [web-1, other-1] }, b: { resource: pods }, condition: a and b }',
  'name-none': "{ a: { name: '' }, b: { name: '*' }, condition: a or not b }",
  'name-cased': '{ a: { name|cased: Web-1 }, condition: a }',
  'name-expression': "{ a: { name|re: '^(?:web|aws)-\\w+$' }, condition: a }",
  'name-guessed': "{ a: { name|endswith: '\\*' }, condition: a }",
  'name-and-uri':
    '{ a: { name|startswith: web }, b: { requestURI|contains: [limit=5, fieldManager] }, condition: a and b }',
  'uri-expression': "{ a: { requestURI|re: '[?&](?:watch|fieldManager)=[a-z]+(?:&|$)' }, condition: a }",
  'uri-all': "{ a: { requestURI|contains|all: [secrets, 'watch=true'] }, condition: a }",
  'uri-no-query': "{ a: { requestURI|contains: '?' }, b: { verb: get }, condition: b and not a }",
  'body-phase': '{ a: { requestObject.status.phase: running }, condition: a }',
  'body-image': "{ a: { requestObject.spec.containers.image|contains: '/web:' }, condition: a }",
  'body-label': '{ a: { requestObject.metadata.labels.app|neq: web }, b: { resource: pods }, condition: a and b }',
  'body-name': '{ a: { responseObject.metadata.name|startswith: WEB }, condition: a }',
  'body-note': "{ a: { requestObject.metadata.annotations.note|re: '(?i)k8s[^z]' }, condition: a }",
  'body-either': '{ a: { requestObject.spec.renewTime: now }, b: { name: db }, condition: a or b }',
  'body-number': "{ a: { requestObject.spec.replicas|contains: '000' }, condition: a }",
  'body-truth':
    '{ a: { requestObject.spec.isOn: true }, b: { requestObject.spec.isOff|contains: alse }, condition: a or b }',
  platform: '{ a: { platform: [eks, aks] }, condition: a }',
  cluster: '{ a: { cluster|contains: west }, condition: a }',
  'evidence-full': '{ a: { evidence: full }, condition: a }',
  'evidence-partial': '{ a: { evidence: partial }, condition: a }',
  'body-host-pid': '{ a: { hostPID: true }, condition: a }',
  'verb-or-body': '{ a: { verb: [create, update, patch] }, b: { hostPID: true }, condition: a or b }',
  'body-privileged': '{ a: { containers.securityContext.privileged: true }, condition: a }',
  'body-not-privileged':
    '{ a: { containers.securityContext.privileged|exists: false }, b: { resource: pods }, condition: a and b }',
  'body-words': "{ a: { 'containers[any]': { '|contains': xmrig } }, b: { verb: create }, condition: a and b }",
  'body-host-ipc': '{ a: { requestObject.spec.hostIPC: true }, condition: a }',
  'body-status': '{ a: { responseObject.status: Failure }, condition: a }',
  'body-patch': '{ a: { requestObject.path: /x }, condition: a }',
  // Several.
  'system-write': '{ a: { namespace: kube-system }, b: { verb: [update, delete] }, condition: a and not b }',
  'ann-elsewhere': '{ a: { username: ann }, b: { sourceIPs: 203.0.113.7 }, condition: a and not b }',
  'secret-named': '{ a: { resource: secrets }, b: { name: [db, aws-auth] }, condition: a and b }',
  'pod-privileged': '{ a: { resource: pods, verb: create }, b: { hostPID: true }, condition: a and b }',
  'body-by-user':
    '{ a: { hostPID: true }, b: { username: ann }, c: { podSource: [request, response] }, condition: a and b or c and not b }',
  'agent-denied':
    '{ a: { userAgentName: curl }, b: { decision: forbid }, c: { responseStatus.code: 403 }, condition: a or (b and c) }',
  'ref-uid': '{ a: { objectRef.uid: uid-2 }, condition: a }',
  'ref-version': "{ a: { objectRef.resourceVersion: '7' }, condition: a }",
  'ref-subpath': '{ a: { objectRef.subPath: kube-system }, condition: a }',
  'body-long': "{ a: { requestObject.n: '9007199254740993' }, condition: a }",
  'uri-limit': '{ a: { requestURI|contains: limit=5 }, condition: a }',
  'id-seven': "{ a: { auditID|endswith: '7' }, condition: a }",
  'time-seven': "{ a: { requestReceivedTimestamp|endswith: '7Z' }, condition: a }",
  'time-none': "{ a: { stageTimestamp|startswith: '2025' }, condition: a }",
  // Comparing two fields.
  'agent-user': '{ a: { username|fieldref: userAgent }, condition: a }',
  'resource-namespace': '{ a: { resource|fieldref: namespace }, condition: a }',
  'resource-address': '{ a: { resource|fieldref: clientIP }, condition: a }',
  'same-name': '{ a: { username|fieldref: objectRef.name }, condition: a }',
  'app-resource': '{ a: { requestObject.metadata.labels.app|fieldref: resource }, condition: a }',
  words: '{ keywords: [cluster-admin], condition: keywords }',
};

const correlations = `
title: Burst
name: burst
correlation: { type: event_count, rules: [decision-forbid], group-by: [username, sourceIPs], timespan: 10m, condition: { gte: 4 }, generate: true }
---
title: New agent
name: new-agent
correlation: { type: new_terms, rules: [verb-write], timespan: 1h, condition: { field: userAgent } }
tripline: { learning: 0s }
---
title: New network
name: new-network
correlation: { type: new_terms, rules: [verb-write], timespan: 1h, condition: { field: clientNetwork } }
tripline: { learning: 0s, context: [clientASN, clientASOrganization, clientCountry] }
`;

const exceptions = `
title: Known agent
name: known-agent
logsource: { product: kubernetes }
filter: { rules: [user-ann, verb-write], a: { userAgentName: curl }, condition: not a }
---
title: Known namespace
name: known-namespace
logsource: { product: kubernetes }
filter: { rules: [decision-forbid, namespace-kube], a: { namespace: kube-public }, b: { requestObject.spec.hostIPC: true }, condition: not (a or b) }
---
title: Known name
name: known-name
logsource: { product: kubernetes }
filter: { rules: [user-node, agent-kubectl, verb-write], a: { name|endswith: -1 }, condition: not a }
---
title: Known URI
name: known-uri
logsource: { product: kubernetes }
filter: { rules: [namespace-kube, status-failure], a: { requestURI|contains: 'limit=5' }, condition: not a }
`;

const text = Object.entries(detections)
  .map(
    ([name, detection]) =>
      `title: ${name}\nname: ${name}\nsigma-version: 3\nlogsource: { product: kubernetes }\ndetection: ${detection}\n`,
  )
  .join('---\n');

const folder = mkdtempSync(join(tmpdir(), 'tripline-outlined-'));
const [single, several, silent] = ['rules.yml', 'correlations.yml', 'exceptions.yml'].map((name) =>
  join(folder, name),
) as [string, string, string];
writeFileSync(single, text);
writeFileSync(several, correlations);
writeFileSync(silent, exceptions);
const rules = [single, several];

const database = (name: string, entries: Parameters<typeof mmdbOf>[0]) => {
  const path = join(folder, name);
  writeFileSync(path, mmdbOf(entries));
  return { mmdb: [path] };
};
const example = { autonomous_system_number: 64500, autonomous_system_organization: 'Example', country_code: 'DE' };
const other = { autonomous_system_number: 64501, autonomous_system_organization: 'Other' };
const one = database('one.mmdb', { '203.0.113.0/24': example, '198.51.100.0/24': other });
const another = database('another.mmdb', { '203.0.113.0/28': other, '8.0.0.0/8': example });

export const outlinedRules: readonly Ruleset[] = [
  loadRules({ rules, values: { people: ['ann', 'aksService'] }, enrichment: one }).ruleset,
  loadRules({ rules, values: { people: ['bob', 'system:*'] }, enrichment: another }).ruleset,
  loadRules({ rules, exceptions: [silent], values: { people: ['ann'] } }).ruleset,
];
rmSync(folder, { recursive: true });
