/** Rows of what objectRef leaves out and the URI says. */
import type { JsonMap } from '../../src/json/map.ts';
import type { Row } from './event.ts';

const cronJobs: JsonMap = { requestURI: '/apis/batch/v1/namespaces/shop/cronjobs' };
const cronJob: JsonMap = { ...cronJobs, objectRef: { resource: 'cronjobs', namespace: 'shop', name: 'nightly' } };
const exec: JsonMap = { requestURI: '/api/v1/namespaces/shop/pods/web/exec?command=sh', verb: 'get' };

export const requestObjectRef: Row[] = [
  ['group that is left out', cronJob, 'apiGroup', ['batch']],
  ['version that is left out', cronJob, 'apiVersion', ['v1']],
  ['group of core, rightly left out', { objectRef: { resource: 'pods', namespace: 'shop' } }, 'apiGroup', ['']],
  ['group that is empty', { ...cronJob, objectRef: { resource: 'cronjobs', apiGroup: '' } }, 'apiGroup', ['batch']],
  ['group that objectRef says', { ...cronJob, objectRef: { resource: 'cronjobs', apiGroup: 'x' } }, 'apiGroup', ['x']],
  ['group, where the URI is about another resource', { objectRef: { resource: 'cronjobs' } }, 'apiGroup', ['']],
  ['resource that is left out', { ...cronJobs, objectRef: { namespace: 'shop' } }, 'resource', ['cronjobs']],
  ['resource of another type', { ...cronJobs, objectRef: { resource: 7 } }, 'resource', ['cronjobs']],
  ['resource without an objectRef', { ...cronJobs, objectRef: undefined }, 'resource', ['cronjobs']],
  ['resource, objectRef null', { ...cronJobs, objectRef: null }, 'resource', ['cronjobs']],
  ['namespace without an objectRef', { ...cronJobs, objectRef: null }, 'namespace', ['shop']],
  ['subresource without an objectRef', { ...exec, objectRef: null }, 'subresource', ['exec']],
  ['name without an objectRef', { ...exec, objectRef: null }, 'name', ['web']],
  ['resource of a request for no object', { objectRef: null, requestURI: '/healthz' }, 'resource', []],
  ['resource without objectRef and URI', { objectRef: null, requestURI: undefined }, 'resource', [], 'missing'],
  ['resource of an objectRef that cannot be read', { objectRef: 7, requestURI: '/healthz' }, 'resource', [], 'missing'],
];
