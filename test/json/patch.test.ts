import { expect, test } from 'vitest';
import { projectPatch } from '../../src/json/patch.ts';

const rows: [name: string, operations: unknown[], document: unknown][] = [
  ['add at a path', [{ op: 'add', path: '/spec/hostPID', value: true }], { spec: { hostPID: true } }],
  ['replace at a path', [{ op: 'replace', path: '/spec/hostPID', value: true }], { spec: { hostPID: true } }],
  ['a whole ancestor', [{ op: 'add', path: '/spec', value: { hostPID: true } }], { spec: { hostPID: true } }],
  ['the whole document', [{ op: 'replace', path: '', value: { a: 1 } }], { a: 1 }],
  ['the whole document by no map', [{ op: 'replace', path: '', value: 7 }], {}],
  ['escapes', [{ op: 'add', path: '/m/x.io~1y~0z', value: 1 }], { m: { 'x.io/y~z': 1 } }],
  ['escaped escapes', [{ op: 'add', path: '/~01', value: 1 }], { '~1': 1 }],
  ['the empty key', [{ op: 'add', path: '/', value: 1 }], { '': 1 }],
  ['test does nothing', [{ op: 'test', path: '/a', value: 1 }], {}],
  ['null is a value', [{ op: 'add', path: '/a', value: null }], { a: null }],
  [
    'remove what was added',
    [
      { op: 'add', path: '/a/b', value: 1 },
      { op: 'remove', path: '/a/b' },
    ],
    { a: {} },
  ],
  [
    'remove an ancestor',
    [
      { op: 'add', path: '/a/b', value: 1 },
      { op: 'remove', path: '/a' },
    ],
    {},
  ],
  ['remove what is not known', [{ op: 'remove', path: '/a/b' }], {}],
  [
    'later wins',
    [
      { op: 'add', path: '/a', value: 1 },
      { op: 'add', path: '/a', value: 2 },
    ],
    { a: 2 },
  ],
  [
    'into a value of an earlier operation',
    [
      { op: 'add', path: '/a', value: { b: 1 } },
      { op: 'add', path: '/a/c', value: 2 },
    ],
    { a: { b: 1, c: 2 } },
  ],
  [
    'appended to a list',
    [
      { op: 'add', path: '/l/-', value: { n: 1 } },
      { op: 'add', path: '/l/-', value: { n: 2 } },
    ],
    { l: [{ n: 1 }, { n: 2 }] },
  ],
  [
    'what an insertion shifts is kept',
    [
      { op: 'add', path: '/l/0', value: 1 },
      { op: 'add', path: '/l/0', value: 2 },
    ],
    { l: [1, 2] },
  ],
  [
    'two members of one element',
    [
      { op: 'add', path: '/l/3/a', value: 1 },
      { op: 'add', path: '/l/3/b', value: 2 },
    ],
    { l: [{ a: 1, b: 2 }] },
  ],
  [
    'below an element of a list that was set',
    [
      { op: 'add', path: '/l', value: [{ a: 1 }] },
      { op: 'add', path: '/l/0/b', value: 2 },
    ],
    { l: [{ a: 1 }, { b: 2 }] },
  ],
  ['without a value', [{ op: 'add', path: '/a' }], {}],
  ['without a path', [{ op: 'add', value: 1 }], {}],
  ['with a path that is no pointer', [{ op: 'add', path: 'a', value: 1 }], {}],
  ['before the first slash, which kube-apiserver ignores', [{ op: 'add', path: 'x~1/a/b', value: 1 }], { a: { b: 1 } }],
  ...['0', '-', '-1', '+0'].map((index): (typeof rows)[number] => [
    `below the element ${index} of a list`,
    [{ op: 'add', path: `/l/${index}/a`, value: 1 }],
    { l: [{ a: 1 }] },
  ]),
  ['with an unknown operation', [{ op: 'frob', path: '/a', value: 1 }], {}],
  ['what is no operation', [null, 1, 'add', [], {}], {}],
];

test.each(rows)('%s', (_name, operations, document) => {
  const before = structuredClone(operations);
  expect(projectPatch(operations)).toEqual({ document, moved: [] });
  expect(operations).toEqual(before);
});

test('reports what was moved and copied, from and to', () => {
  const operations = [
    { op: 'move', from: '/a/b', path: '/c' },
    { op: 'copy', from: '', path: '/d' },
    { op: 'copy', path: '/e' },
  ];
  expect(projectPatch(operations).moved).toEqual([['c'], ['a', 'b'], ['d'], []]);
});

test('__proto__ is a key like any other', () => {
  const { document } = projectPatch([{ op: 'add', path: '/__proto__/polluted', value: true }]);
  expect(Object.keys(document)).toEqual(['__proto__']);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test('a path of 100,000 tokens is ignored', () => {
  expect(projectPatch([{ op: 'add', path: '/a'.repeat(100_000), value: 1 }]).document).toEqual({});
});
