/** Rows of `proxyPath`: what is requested from a node, pod or service through its proxy. */
import { CUT, type JsonMap } from '../../src/json/map.ts';
import type { Row } from './event.ts';

const node = (path: string, more: JsonMap = {}): JsonMap => ({
  verb: 'get',
  objectRef: { resource: 'nodes', subresource: 'proxy', name: 'n' },
  requestURI: `/api/v1/nodes/n/proxy${path}`,
  ...more,
});
const namespaced = (resource: string, path: string): JsonMap => ({
  verb: 'get',
  objectRef: { resource, subresource: 'proxy', namespace: 'shop', name: 'web' },
  requestURI: `/api/v1/namespaces/shop/${resource}/web/proxy${path}`,
});
const reaches = (path: string, expected: string, written = path): Row => [
  `proxyPath of ${written}`,
  node(path),
  'proxyPath',
  [expected],
];

export const proxyPath: Row[] = [
  reaches('/run/ns/pod/c?cmd=id', '/run/ns/pod/c'),
  reaches('/metrics/../run/ns/pod/c', '/run/ns/pod/c'),
  reaches('/metrics/%2e%2e/run', '/run'),
  reaches('/metrics/.%2E/run', '/run'),
  reaches('/metrics%2f..%2Frun', '/run'),
  reaches('/../../run', '/run'),
  reaches('/metrics//..//run//ns', '/run/ns'),
  reaches('/./run/.', '/run'),
  reaches('//run', '/run'),
  reaches('/%72un', '/run'),
  reaches('/metrics/..;/run', '/metrics/..;/run'),
  reaches('/metrics/%252e%252e/run', '/metrics/%2e%2e/run'),
  reaches('/logs/%C3%BC', '/logs/ü'),
  reaches('/logs/%ff', '/logs/\uFFFD'),
  reaches('/run%3Fx?y', '/run?x'),
  reaches('/%zz/%', '/%zz/%'),
  reaches('/metrics/', '/metrics'),
  reaches('/stats/summary?only=/run', '/stats/summary'),
  reaches('', '/', 'the proxy alone'),
  reaches('?path=/run', '/', 'an option of the query'),
  reaches('/proxy/proxy', '/proxy/proxy'),
  [
    'proxyPath of more slashes before it',
    node('', { requestURI: '//api//v1/nodes/n/proxy/run' }),
    'proxyPath',
    ['/run'],
  ],
  ['proxyPath of an escaped proxy', node('', { requestURI: '/api/v1/nodes/n/prox%79/run' }), 'proxyPath', ['/run']],
  ['proxyPath of a pod', namespaced('pods', '/a/../b'), 'proxyPath', ['/b']],
  ['proxyPath of a service', namespaced('services', '/'), 'proxyPath', ['/']],
  [
    'proxyPath of a pod in a namespace of the same names',
    {
      objectRef: { resource: 'pods', subresource: 'proxy', namespace: 'pods', name: 'proxy' },
      requestURI: '/api/v1/namespaces/pods/pods/proxy/proxy/x',
    },
    'proxyPath',
    ['/x'],
  ],
  ['proxyPath of another resource', { objectRef: { resource: 'x', subresource: 'proxy' } }, 'proxyPath', []],
  ['proxyPath of an exec', { objectRef: { resource: 'pods', subresource: 'exec' } }, 'proxyPath', []],
  ['proxyPath of a pod itself', {}, 'proxyPath', []],
  ['proxyPath of a request for no object', { objectRef: null }, 'proxyPath', []],
  [
    'proxyPath where the subresource was cut',
    { objectRef: { resource: 'pods', [CUT]: 'cut' } },
    'proxyPath',
    [],
    'cut',
  ],
  ['proxyPath where the URI is not logged', node('', { requestURI: '' }), 'proxyPath', [], 'not_logged'],
];
