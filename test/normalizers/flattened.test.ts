/** What a pipeline lifted or flattened is restored, and keys of any shape do no harm. */
import { describe, expect, test } from 'vitest';
import { CUT, isMap, type JsonMap } from '../../src/json/map.ts';
import { restoreNested } from '../../src/normalizers/flattened.ts';
import fc from '../properties.ts';

/** The map with every nested map and list flattened into its top-level keys. */
function flatten(map: JsonMap, separator: string): JsonMap {
  const leaves = (path: string, value: unknown): [string, unknown][] =>
    typeof value !== 'object' || value === null || Object.keys(value).length === 0
      ? [[path, value]]
      : Object.entries(value).flatMap(([key, each]) => leaves(`${path}${separator}${key}`, each));
  return Object.fromEntries(Object.entries(map).flatMap(([key, value]) => leaves(key, value)));
}

// Names as in Kubernetes: no leading digits, which would be indices, and no separator.
const name = fc.stringMatching(/^[a-z][A-Za-z0-9]{0,5}$/).filter((each) => !['labels', 'data', 'extra'].includes(each));
const { body } = fc.letrec((tie) => ({
  leaf: fc.oneof(fc.boolean(), fc.integer(), fc.string(), fc.constant(null)),
  body: fc.oneof(
    { depthSize: 'small' },
    tie('leaf'),
    fc.array(tie('body'), { minLength: 1, maxLength: 12 }),
    fc.dictionary(name, tie('body'), { minKeys: 1, maxKeys: 5, noNullPrototype: true }),
  ),
}));

test.each(['.', '_', '/'])('a body that was flattened by "%s" is restored', (separator) => {
  fc.assert(
    fc.property(body, body, (requestObject, responseObject) => {
      const map = { verb: 'create', requestObject, responseObject };
      expect(restoreNested(flatten(map, separator))).toEqual(map);
    }),
    { numRuns: 300 },
  );
});

test('a map without such keys is the same map', () => {
  const map = { user: { username: 'ann' }, user_agent: 'x', resource_id: 'r', sourceIPs_count: 3, operationName: 'o' };
  expect(restoreNested(map)).toBe(map);
});

describe('restores', () => {
  test.each<[string, JsonMap, JsonMap]>([
    [
      'keys that are data',
      {
        'annotations.authorization.k8s.io/decision': 'allow',
        'requestObject.metadata.labels.app.kubernetes.io/name': 'web',
        'user.extra.authentication.kubernetes.io/pod-name.0': 'p',
      },
      {
        annotations: { 'authorization.k8s.io/decision': 'allow' },
        requestObject: { metadata: { labels: { 'app.kubernetes.io/name': 'web' } } },
        user: { extra: { 'authentication.kubernetes.io/pod-name': ['p'] } },
      },
    ],
    [
      'keys of a ConfigMap with the separator in them',
      { requestObject_data_aws_secret_access_key: 'x' },
      { requestObject: { data: { aws_secret_access_key: 'x' } } },
    ],
    [
      'members beside those that stayed',
      { user: { uid: 'u1', username: 'real' }, user_username: 'other', user_groups: ['dev'] },
      { user: { uid: 'u1', username: 'real', groups: ['dev'] } },
    ],
    ['lists that begin at 1', { 'sourceIPs.1': 'a', 'sourceIPs.2': 'b' }, { sourceIPs: ['a', 'b'] }],
    ['twelve items in order', flatten({ sourceIPs: [...'abcdefghijkl'] }, '.'), { sourceIPs: [...'abcdefghijkl'] }],
    ['a part that is null', { user: null, user_username: 'ann' }, { user: { username: 'ann' } }],
  ])('%s', (_name, map, expected) => {
    expect(restoreNested(map)).toEqual(expected);
  });

  test('the mark of a map that was cut', () => {
    const restored = restoreNested({ 'user.username': 'ann', verb: 'get', [CUT]: 'cut' });
    expect(restored).toEqual({ user: { username: 'ann', [CUT]: 'cut' }, verb: 'get', [CUT]: 'cut' });
  });
});

test('any keys are harmless', () => {
  const part = fc.constantFrom('user', 'requestObject', 'annotations', 'sourceIPs', 'properties', 'x');
  const step = fc.oneof(
    fc.constantFrom('__proto__', 'constructor', '0', '9'.repeat(20), '', 'username', '[0]'),
    fc.string(),
  );
  const key = fc
    .tuple(part, fc.constantFrom('.', '_', '/', '['), fc.array(step, { maxLength: 6 }))
    .map(([first, separator, steps]) => first + separator + steps.join(separator));
  fc.assert(
    fc.property(fc.dictionary(key, fc.jsonValue(), { noNullPrototype: true }), (map) => {
      const restored = restoreNested(map);
      expect(isMap(restored)).toBe(true);
      expect(Object.getPrototypeOf(restored)).toBe(Object.prototype);
    }),
  );
  expect(({} as JsonMap).polluted).toBeUndefined();
});

test('keys of a million steps and a hundred thousand keys are handled', () => {
  const deep = restoreNested({ [`requestObject${'.a'.repeat(1_000_000)}`]: 1 });
  let levels = 0;
  for (let here: unknown = deep; isMap(here); here = Object.values(here)[0]) levels++;
  expect(levels).toBeLessThan(100);
  const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`requestObject.spec.k${n}`, n]));
  expect(Object.keys((restoreNested(wide).requestObject as JsonMap).spec as JsonMap)).toHaveLength(100_000);
});
