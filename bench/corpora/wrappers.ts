/** The events of a cluster in the records that Fluent Bit posts, by the platform that wrapped them before. */
import { timeOf } from './event.ts';

export type Wrapper = (event: Record<string, unknown>, index: number) => Record<string, unknown>;

/** Fluent Bit's timestamp of a record. */
function date(index: number): number {
  return timeOf(index) / 1000 + 0.25;
}

/** kube-apiserver's log file. */
export const kubernetes: Wrapper = (event, index) => ({ date: date(index), ...event });

/** CloudWatch Logs, the message of each log event unchanged. */
export const eks: Wrapper = (event, index) => ({
  date: date(index),
  logGroup: '/aws/eks/shop-prod/cluster',
  logStream: 'kube-apiserver-audit-6f1d0b3a92c84e57b1d0c3f4a5968712',
  timestamp: timeOf(index) + 40,
  message: JSON.stringify(event),
});

/** A diagnostic record of an Event Hub. */
export const aks: Wrapper = (event, index) => ({
  date: date(index),
  time: `${new Date(timeOf(index) + 300).toISOString().slice(0, -1)}4871Z`,
  category: 'kube-audit',
  operationName: 'Microsoft.ContainerService/managedClusters/diagnosticLogs/Read',
  resourceId:
    '/SUBSCRIPTIONS/3F1C7A52-90BE-4D1A-8E55-72C1B0A4D9F3/RESOURCEGROUPS/SHOP/PROVIDERS/MICROSOFT.CONTAINERSERVICE/' +
    'MANAGEDCLUSTERS/SHOP-PROD',
  serviceBuild: 'na',
  properties: {
    pod: 'kube-apiserver-6c7d9f5b4-x2lqp',
    containerID: '9b7f5e21c0a84d3f8a6e1b2c3d4e5f60718293a4b5c6d7e8f9010203a4b5c6d7',
    stream: 'stdout',
    log: `${JSON.stringify(event)}\n`,
  },
});

/** A LogEntry of Cloud Audit Logs. */
export const gke: Wrapper = (event, index) => {
  const { auditID, verb, userAgent, annotations, requestObject, responseObject } = event;
  const object = event.objectRef as Record<string, string> | undefined;
  const group = object?.apiGroup ?? '';
  const kind = [object?.resource, object?.subresource].filter(Boolean).join('.');
  const permission = `io.k8s.${group.replace(/(\.authorization)?\.k8s\.io$/, '') || 'core'}.${object?.apiVersion}.${kind}.${verb}`;
  const path = [
    `${group || 'core'}/${object?.apiVersion}`,
    object?.namespace && `namespaces/${object.namespace}`,
    ...[object?.resource, object?.name, object?.subresource],
  ];
  const resource = path.filter(Boolean).join('/');
  const { code } = event.responseStatus as { code: number };
  const isWrite = !['get', 'list', 'watch'].includes(String(verb));
  const typed = (body: unknown) => ({
    '@type': `${group || 'core'}.k8s.io/${object?.apiVersion}`,
    ...(body as object),
  });
  return {
    date: date(index),
    insertId: auditID,
    logName: `projects/shop-platform/logs/cloudaudit.googleapis.com%2F${isWrite ? 'activity' : 'data_access'}`,
    timestamp: event.requestReceivedTimestamp,
    receiveTimestamp: event.stageTimestamp,
    resource: {
      type: 'k8s_cluster',
      labels: { project_id: 'shop-platform', location: 'europe-west1', cluster_name: 'shop-prod' },
    },
    labels: annotations,
    operation: { id: auditID, producer: 'k8s.io', first: true, last: true },
    protoPayload: {
      '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
      serviceName: 'k8s.io',
      methodName: permission,
      resourceName: resource,
      authenticationInfo: { principalEmail: (event.user as { username: string }).username },
      authorizationInfo: [{ granted: code !== 403, permission, resource }],
      requestMetadata: { callerIp: (event.sourceIPs as string[])[0], callerSuppliedUserAgent: userAgent },
      status: code < 400 ? {} : { code: code === 403 ? 7 : 5, message: 'the request failed' },
      ...(requestObject !== undefined && { request: typed(requestObject) }),
      ...(responseObject !== undefined && { response: typed(responseObject) }),
    },
  };
};
