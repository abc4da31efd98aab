/** Audit events in the wrappers that pipelines add, as JSON values. */
import { gzipSync } from 'node:zlib';

export interface Event {
  [member: string]: unknown;
  objectRef: Record<string, string>;
  requestURI: string;
  verb: string;
  requestObject?: unknown;
  responseObject?: unknown;
}

const text = (value: unknown) => JSON.stringify(value);
const asText = (value: unknown) => (typeof value === 'string' ? value : text(value));
const base64 = (value: string | Uint8Array) => Buffer.from(value).toString('base64');

/** In OTLP's representation of values. */
function anyValue(value: unknown): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'number') return { intValue: String(value) };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  if (typeof value !== 'object' || value === null) return {};
  const values = Object.entries(value).map(([key, one]) => ({ key, value: anyValue(one) }));
  return { kvlistValue: { values } };
}

/** Wrappers in which each member can be changed in place. */
export const open: Record<string, (event: Event) => object> = {
  'an event': (event) => event,
  'an EventList': (event) => ({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: [other, event, other] }),
  'EKS, a message': (event) => ({ log_group: '/aws/eks/prod/cluster', message: text(event) }),
  'EKS, a subscription': (event) => ({
    messageType: 'DATA_MESSAGE',
    logGroup: '/aws/eks/prod/cluster',
    logEvents: [{ message: text(other) }, { message: text(event) }],
  }),
  'AKS, properties.log': (event) => ({
    ...{ category: 'kube-audit', resourceId: '/SUBSCRIPTIONS/1' },
    properties: { log: `${text(event)}\n`, pod: 'kube-apiserver-1' },
  }),
  'AKS, in text twice': (event) => ({ resourceId: '/SUBSCRIPTIONS/1', properties: text({ log: text(event) }) }),
  'AKS, a table': (event) => ({
    ...{ AuditId: '1', Stage: 'ResponseComplete', Verb: event.verb, RequestUri: event.requestURI },
    ...{ ObjectRef: text(event.objectRef), Annotations: text(event.annotations ?? {}) },
    UserAgent: event.userAgent,
    ...(event.requestObject !== undefined && { RequestObject: asText(event.requestObject) }),
    ...(event.responseObject !== undefined && { ResponseObject: event.responseObject }),
  }),
  GKE: (event) => ({
    insertId: '1',
    labels: event.annotations ?? {},
    protoPayload: {
      serviceName: 'k8s.io',
      authenticationInfo: { principalEmail: 'ann@example.com' },
      requestMetadata: { callerIp: '192.0.2.1', callerSuppliedUserAgent: event.userAgent },
      methodName: `io.k8s.core.v1.${event.objectRef.resource}.${event.verb}`,
      resourceName: `core/v1/namespaces/shop/${event.objectRef.resource}/web`,
      ...(event.requestObject !== undefined && { request: event.requestObject }),
      ...(event.responseObject !== undefined && { response: event.responseObject }),
    },
  }),
  'a log line': (event) => ({ date: 1.5, log: text(event) }),
  lines: (event) => ({ log: `${text(other)}\n${text(event)}\n` }),
  CRI: (event) => ({ log: `2026-01-02T03:04:05.6Z stdout F ${text(event)}` }),
  ECS: (event) => ({ '@timestamp': 'x', kubernetes: { audit: event } }),
  OpenTelemetry: (event) => ({
    resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: text(event) } }] }] }],
  }),
  'OpenTelemetry, values': (event) => ({
    resourceLogs: [
      {
        resource: { attributes: [{ key: 'k8s.cluster.name', value: { stringValue: 'prod' } }] },
        scopeLogs: [{ logRecords: [{ body: anyValue(event), attributes: [{ key: 'x', value: { intValue: '5' } }] }] }],
      },
    ],
  }),
  CloudEvents: (event) => ({ specversion: '1.0', type: 'audit', data: event }),
  Splunk: (event) => ({ event: text(event), sourcetype: 'kube' }),
};

/** Wrappers of which a text has to be masked as a whole. */
export const packed: Record<string, (event: Event) => object> = {
  base64: (event) => ({ message: { data: base64(text(event)), messageId: '1' } }),
  'gzip in base64': (event) => ({ awslogs: { data: base64(gzipSync(text(open['EKS, a subscription']!(event)))) } }),
  'gzip, cut': (event) => ({ data: base64(gzipSync(text(event)).subarray(0, -12)) }),
  'gzip, broken': (event) => ({ data: base64(gzipSync(text(event)).fill(7, 12, 20)) }),
  'escaped twice': (event) => ({ log: text(text(event)).slice(1, -1) }),
  quoted: (event) => ({ log: text(text(event)) }),
  cut: (event) => ({ log: text(event).slice(0, -3) }),
  'the second half': (event) => ({ log: text(event).slice(120) }),
};

export const other: Event = {
  ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', auditID: 'o', stage: 'ResponseComplete', verb: 'create' },
  ...{ requestURI: '/api/v1/namespaces/shop/configmaps', user: { username: 'ann' } },
  objectRef: { resource: 'configmaps', namespace: 'shop', name: 'web' },
  requestObject: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'web' }, data: { color: 'blue' } },
};
