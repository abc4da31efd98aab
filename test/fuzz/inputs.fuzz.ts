/** The look at a file's first bytes, given any: a codec once all are there, and the same one however many more come. */
import { layoutOf } from '../../src/inputs/layout.ts';
import type { FuzzTarget } from './fuzz.ts';

const texts = [
  '{"a":1}\n{"b":[2]}\n',
  '[{"a":"\\n"},\n{}]',
  '{\n"a":\n{}}{"b":1}',
  '\ufeff \n{"a":1}',
  'cut":1}\n{"a":1}\n',
];

export const inputTargets: readonly FuzzTarget[] = [
  {
    name: 'layout',
    corpus: [
      ...texts.map((text) => Buffer.from(text.repeat(20))),
      Buffer.from('9292d7006553f100075bcd158081a16101', 'hex'),
    ],
    run(bytes) {
      const whole = layoutOf(bytes, true);
      if (whole === undefined) throw new Error('no layout');
      const early = layoutOf(bytes.subarray(0, bytes.length >> 1), false);
      // The first look is at 64 KiB, or at all.
      if (bytes.length > 64 && early !== undefined && early !== whole) throw new Error('more bytes changed the layout');
    },
  },
];
