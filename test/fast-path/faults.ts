/** Damage to a record, mostly where no rule looks: in its text, and in its bytes. */
import type { Random } from '../fuzz/fuzz.ts';
import { mapsIn, print, raw, treeOf } from './json-tree.ts';
import { insert, type Mutation, mapFor, pick, spelled } from './places.ts';

export const faults: Readonly<Record<string, Mutation>> = {
  broken: (tree, random) => {
    const faults = [
      '"a\u0001b"',
      '"\\q"',
      '"\\u12"',
      '"\\x41"',
      '01',
      '+1',
      '1.',
      '.5',
      '1e',
      '0x10',
      'tru',
      'nan',
      '-inf',
      'NaN',
      '{"a":1,}',
      '[1,]',
      '[1 2]',
      '{"a" 1}',
      '{a:1}',
      '{"a":}',
      '{1:2}',
      '{,}',
      "'a'",
      '"\ud800"',
      '"\\ud800"',
      '"tab\there"',
      '1 2',
      '[,1]',
      '{"a"}',
      '--1',
      '"\u2028"',
    ];
    insert(
      mapFor(tree, random),
      { key: pick(['"zz"', '"zz"', '"metadata"', '"verb"'], random), value: raw(pick(faults, random)) },
      random,
    );
  },
  brokenLeaf: spelled(
    '"\\q"',
    '01',
    '"a\u0000"',
    '{"a":1,}',
    '[1 2]',
    'undefined',
    '"\\u00zz"',
    '1.e5',
    'nan',
    '"\u007f"',
    '{"x":[}',
  ),
  brokenKey: (tree, random) =>
    insert(
      mapFor(tree, random),
      {
        key: pick(['1', 'verb', '"ve\u0001rb"', '"\\verb"', '"verb', 'null', '"\\u0076\\u12"'], random),
        value: raw('"delete"'),
      },
      random,
    ),
  deep: (tree, random) => {
    const levels = pick([20, 250, 256, 257, 300], random);
    const text =
      random(2) === 0 ? '['.repeat(levels) + ']'.repeat(levels) : `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    insert(mapFor(tree, random), { key: pick(['"zz"', '"spec"', '"verb"'], random), value: raw(text) }, random);
  },
  cutEmbedded: (tree, random) => {
    for (const map of mapsIn(tree)) {
      for (const member of map.members) {
        if (member.value.kind !== 'embedded') continue;
        const text = print(member.value.tree);
        member.value = treeOf(text.slice(0, random(text.length)));
        return;
      }
    }
  },
};

/** Changes to the bytes of a printed record. */
export const byteMutations: Readonly<Record<string, (bytes: Buffer, random: Random) => Buffer>> = {
  truncate: (bytes, random) => bytes.subarray(0, random(bytes.length + 1)),
  invalidUtf8: (bytes, random) =>
    put(
      bytes,
      pick([[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80], [0xc0, 0xaf]], random),
      random,
    ),
  control: (bytes, random) => put(bytes, [pick([0x00, 0x01, 0x0b, 0x1f, 0x7f], random)], random),
  structure: (bytes, random) =>
    put(bytes, [...Buffer.from(pick([',', ':', '"', '{', '}', '[', ']', '\\', ' ', '//'], random))], random),
  remove: (bytes, random) => {
    const at = random(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(3))]);
  },
};

function put(bytes: Buffer, inserted: readonly number[], random: Random): Buffer {
  const at = random(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(inserted), bytes.subarray(at)]);
}
