import { describe, expect, test } from 'vitest';
import { objectOfUri } from '../src/resource-path.ts';

describe('the object that a URI names', () => {
  const object = (over: object) => ({
    resource: 'pods',
    subresource: '',
    namespace: '',
    name: '',
    apiGroup: '',
    apiVersion: 'v1',
    ...over,
  });
  test.each<[string, object | undefined]>([
    ['/api/v1/pods', object({})],
    ['/api/v1/pods?watch=true&resource=/apis/x', object({})],
    ['/api/v1/namespaces/shop/pods', object({ namespace: 'shop' })],
    ['/api/v1/namespaces/shop/pods/web', object({ namespace: 'shop', name: 'web' })],
    [
      '/api/v1/namespaces/shop/pods/web/exec?command=sh',
      object({ namespace: 'shop', name: 'web', subresource: 'exec' }),
    ],
    ['/api/v1/namespaces/shop', object({ resource: 'namespaces', name: 'shop' })],
    ['/api/v1/namespaces/shop/finalize', object({ resource: 'namespaces', name: 'shop', subresource: 'finalize' })],
    ['/apis/batch/v1/namespaces/shop/cronjobs', object({ resource: 'cronjobs', namespace: 'shop', apiGroup: 'batch' })],
    [
      '/apis/metrics.k8s.io/v1beta1/nodes',
      object({ resource: 'nodes', apiGroup: 'metrics.k8s.io', apiVersion: 'v1beta1' }),
    ],
    ['/api/v1/watch/namespaces/shop/secrets', object({ resource: 'secrets', namespace: 'shop' })],
    ['/api/v1/watch/secrets', object({ resource: 'secrets' })],
    ['/api/v1/namespaces/sh%6fp/pods', object({ namespace: 'shop' })],
    ['/api/v1/namespaces/%zz/pods', object({ namespace: '%zz' })],
    ['/api/v1/namespaces%2Fshop/pods%2Fweb', object({ namespace: 'shop', name: 'web' })],
    ['/apis%2fbatch/v1/cronjobs', object({ resource: 'cronjobs', apiGroup: 'batch' })],
    ['/api/v1/pods/', object({})],
    ['/api/v1/namespaces/shop/pods/a%3Fb', object({ namespace: 'shop', name: 'a?b' })],
    [
      '/api/v1/nodes/n1/proxy/run/ns/pod/c',
      object({ resource: 'nodes', name: 'n1', subresource: 'proxy', subPath: 'run/ns/pod/c' }),
    ],
    ['/healthz', undefined],
    ['/', undefined],
    ['', undefined],
    ['/api', undefined],
    ['/api/v1', undefined],
    ['/api/v1/', undefined],
    ['/apis/apps', undefined],
    ['/apis/apps/v1', undefined],
    ['/metrics?path=/api/v1/pods', undefined],
    ['/openapi/v3/apis/apps/v1', undefined],
  ])('%s', (uri, expected) => {
    expect(objectOfUri(uri)).toEqual(expected);
  });
});
