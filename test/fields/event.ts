/** An event to vary, and the value of a field in it. */
import type { Databases } from '../../src/enrichment/databases.ts';
import { fieldsOf } from '../../src/fields/index.ts';
import type { JsonMap } from '../../src/json/map.ts';
import { parseNetworkOrAddress } from '../../src/network.ts';
import { auditEvent } from '../../src/normalizers/audit-event.ts';
import type { Platform } from '../../src/record.ts';
import type { Found } from '../../src/sigma/field.ts';

export const pod = (spec: unknown) => ({ kind: 'Pod', apiVersion: 'v1', spec });
export const template = (spec: unknown) => ({ kind: 'X', apiVersion: 'apps/v1', spec: { template: { spec } } });

export const base: JsonMap = {
  auditID: '1',
  level: 'RequestResponse',
  stage: 'ResponseComplete',
  requestURI: '/api/v1/namespaces/shop/pods',
  verb: 'create',
  user: { username: 'ann', uid: 'u1', groups: ['dev'] },
  sourceIPs: ['198.51.100.9', '10.0.0.4'],
  userAgent: 'kubectl',
  objectRef: { resource: 'pods', namespace: 'shop', name: 'web', apiVersion: 'v1' },
  responseStatus: { code: 201, reason: 'r', message: 'm', status: 'Success' },
  requestReceivedTimestamp: '2026-01-02T03:04:05Z',
  stageTimestamp: '2026-01-02T03:04:05Z',
  annotations: { 'authorization.k8s.io/decision': 'allow' },
};

/** @param over `platform` is that of the context, `proxies` those that the operator names, `databases` what is known of
 * addresses */
export const lookup = ({ platform, proxies, databases, ...over }: JsonMap, field: string): Found => {
  const trustedProxies = (proxies as string[] | undefined)?.map(parseNetworkOrAddress);
  const context = { platform: platform as Platform | undefined, cluster: { name: 'prod', region: 'eu' } };
  const event = auditEvent({ ...base, ...over }, context, { maxDepth: 256, trustedProxies });
  return fieldsOf(event, databases as Databases | undefined)(field);
};

export const deployment = {
  resource: 'deployments',
  namespace: 'shop',
  name: 'web',
  apiGroup: 'apps',
  apiVersion: 'v1',
};
const ok = { code: 200 };
export const patch = (requestObject: unknown, more: JsonMap = {}): JsonMap => ({
  verb: 'patch',
  objectRef: deployment,
  responseStatus: ok,
  requestObject,
  responseObject: template({}),
  ...more,
});
export const update = (over: JsonMap): JsonMap => ({ verb: 'update', responseStatus: ok, ...over });

/** The value of a field in an event that differs from `base` by the given members. */
export type Row = [name: string, event: JsonMap, field: string, values: unknown[], gap?: string];
