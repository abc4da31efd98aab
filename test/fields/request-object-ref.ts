/** Rows of what objectRef omits and the URI contains. */
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
  [
    'group, where the URI is about another resource',
    { objectRef: { resource: 'cronjobs' } },
    'apiGroup',
    [],
    'missing',
  ],
  ['group without a URI', { ...cronJob, requestURI: undefined }, 'apiGroup', [], 'missing'],
  ['group by its name in audit.k8s.io', { ...cronJob, requestURI: undefined }, 'objectRef.apiGroup', [], 'missing'],
  [
    'group without a URI, of a core resource',
    { objectRef: { resource: 'secrets' }, requestURI: undefined },
    'apiGroup',
    [''],
  ],
  [
    'group without a URI, said to be core',
    { objectRef: { resource: 'x', apiGroup: 'core' }, requestURI: undefined },
    'apiGroup',
    [''],
  ],
  [
    'group without a URI, in the version',
    { objectRef: { resource: 'cronjobs', apiVersion: 'batch/v1' }, requestURI: undefined },
    'apiGroup',
    ['batch'],
  ],
  [
    'version with its group',
    { objectRef: { resource: 'cronjobs', apiVersion: 'batch/v1' }, requestURI: undefined },
    'apiVersion',
    ['v1'],
  ],
  ['other members where the group is unknown', { ...cronJob, requestURI: undefined }, 'subresource', ['']],
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
