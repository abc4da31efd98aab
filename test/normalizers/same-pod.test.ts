/** The creation of one pod reads the same on every platform and in every wrapper, except for what the platform does not log. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fieldsOf } from '../../src/fields/index.ts';
import { normalize } from '../../src/normalizers/index.ts';
import type { Found } from '../../src/sigma/field.ts';

const said = {
  verb: ['create'],
  action: ['create'],
  resource: ['pods'],
  subresource: [''],
  namespace: ['shop'],
  name: ['web-x1'],
  apiGroup: [''],
  apiVersion: ['v1'],
  'objectRef.resource': ['pods'],
  'objectRef.subresource': [],
  clientIP: ['198.51.100.9'],
  userAgent: ['kubectl/v1.33'],
  auditID: ['7b1c'],
  stage: ['ResponseComplete'],
  outcome: ['success'],
  'responseStatus.code': [201],
  dryRun: [false],
  evidence: ['full'],
  hostPID: [true],
  hostIPC: [],
  'requestObject.spec.hostPID': [true],
  podSource: ['response'],
  serviceAccountName: ['default'],
  'containers.image': ['registry.example/tools:1'],
  'annotations.authorization.k8s.io/decision': ['allow'],
};

const shapes = [
  'kubernetes/pod-create',
  'kubernetes/event-list',
  'kubernetes/event-list-with-unreadable-items',
  'kubernetes/members-as-text',
  'kubernetes/without-api-version-and-kind',
  'kubernetes/level-overwritten',
  'kubernetes/stored-by-panther',
  'kubernetes/impersonated',
  'openshift/logstash-of-3-11',
  'eks/message',
  'eks/subscription',
  'eks/lambda',
  'eks/firehose-gzip',
  'eks/firehose-decompressed',
  'eks/firehose-messages',
  'eks/firehose-in-s3',
  'eks/kinesis-record',
  'eks/insights-row',
  'eks/insights-row-with-object',
  'eks/insights-result',
  'eks/insights-bare-row',
  'eks/export-lines',
  'eks/log-shipper',
  'eks/log-shipper-with-log',
  'aks/diagnostic-record',
  'aks/log-as-object',
  'aks/log-with-escaped-slashes',
  'aks/properties-as-text',
  'aks/records-in-both-categories',
  'aks/without-category',
  'aks/azure-diagnostics',
  'aks/aks-audit-table',
  'aks/aks-audit-table-with-columns-as-text',
  'aks/arc-audit-table',
  'aks/event-hub-behind-kafka',
  'gke/pod-create',
  'gke/status-missing',
  'gke/status-empty',
  'gke/pubsub-push',
  'gke/eventarc',
  'envelopes/tail-without-parser',
  'envelopes/docker',
  'envelopes/cri',
  'envelopes/cri-line',
  'envelopes/cri-multiline',
  'envelopes/merge-log-keeps-log',
  'envelopes/log-processed',
  'envelopes/merge-log-under-any-name',
  'envelopes/nest-prefix',
  'envelopes/lifted-by-nest',
  'envelopes/flattened-by-dots',
  'envelopes/flattened-by-slashes',
  'envelopes/systemd',
  'envelopes/syslog',
  'envelopes/kafka-map',
  'envelopes/kafka-text',
  'envelopes/splunk',
  'envelopes/cribl',
  'envelopes/opentelemetry-body',
  'envelopes/opentelemetry-body-text',
  'envelopes/data',
  'envelopes/ovhcloud',
  'envelopes/escaped-twice',
  'envelopes/escaped-twice-without-quotes',
  'envelopes/base64-gzip',
  'envelopes/two-events-in-one-text',
  'envelopes/list-in-text',
  'ecs/kubernetes',
  'ecs/azure',
  'ecs/gcp',
];

/** What a shape does not log, and how this shows. */
const gaps: Record<string, Record<string, unknown>> = {
  'ocsf/pod-create': { 'annotations.authorization.k8s.io/decision': { values: [] } },
};

describe.each([...shapes, ...Object.keys(gaps)])('%s', (shape) => {
  const input = readFileSync(`${import.meta.dirname}/../fixtures/normalizers/${shape}.input.json`, 'utf8');
  const normalized = normalize(JSON.parse(input));

  test('has the same values', () => {
    if (normalized.kind !== 'audit') throw new Error(normalized.kind);
    const lookup = fieldsOf(normalized.events[0]);
    const expected = Object.entries(said).map(([field, values]) => [field, gaps[shape]?.[field] ?? { values }]);
    expect(Object.fromEntries(Object.keys(said).map((field) => [field, valuesAndGap(lookup(field))]))).toEqual(
      Object.fromEntries(expected),
    );
  });
});

function valuesAndGap({ values, gap }: Found): Found {
  return gap === undefined ? { values } : { values, gap };
}
