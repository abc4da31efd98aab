/** Rows of `configData`: the entries of a ConfigMap, whichever body contains them. */
import { CUT, type JsonMap } from '../../src/json/map.ts';
import type { Row } from './event.ts';

const objectRef = { resource: 'configmaps', namespace: 'shop', name: 'web' };
const created = (data: unknown, more: JsonMap = {}): JsonMap => ({ objectRef, requestObject: { data }, ...more });
const patched = (requestObject: unknown): JsonMap => ({
  objectRef,
  verb: 'patch',
  responseStatus: { code: 200 },
  requestObject,
});
const both = { password: 'hunter2', mode: 'fast' };

export const configData: Row[] = [
  ['configData', created(both), 'configData', ['password=hunter2', 'mode=fast']],
  [
    'configData as it was stored',
    created({}, { responseObject: { data: both } }),
    'configData',
    ['password=hunter2', 'mode=fast'],
  ],
  ['configData of a merge patch', patched({ data: { password: 'x', old: null } }), 'configData', ['password=x']],
  [
    'configData of a JSON patch',
    patched([{ op: 'add', path: '/data/password', value: 'x' }]),
    'configData',
    ['password=x'],
  ],
  ['configData with signs in it', created({ a: 'b=c\nd=e' }), 'configData', ['a=b=c\nd=e']],
  ['configData without values', created({ password: '', a: null }), 'configData', []],
  ['configData of other types', created({ a: 1, b: ['x'], c: { d: 'e' } }), 'configData', []],
  ['configData that is no map', created(['password']), 'configData', []],
  ['configData that is not there', { objectRef, requestObject: {} }, 'configData', []],
  ['configData that was cut', created({ a: 'b', [CUT]: 'cut' }), 'configData', ['a=b'], 'cut'],
  ['configData where no bodies are logged', { objectRef, level: 'Metadata' }, 'configData', [], 'not_logged'],
  ['configData of a deletion', { objectRef, verb: 'delete', responseObject: { data: both } }, 'configData', []],
  ['configData of a Secret', { objectRef: { resource: 'secrets' }, requestObject: { data: both } }, 'configData', []],
  ['configData of a request for no object', { objectRef: null, requestObject: { data: both } }, 'configData', []],
];
