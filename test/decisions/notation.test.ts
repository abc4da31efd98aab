import { describe, expect, it, test } from 'vitest';
import { jsonLayout, type Layout, msgpackLayout } from '../../src/decisions/notation.ts';
import { encode } from '../../src/msgpack/encode.ts';
import fc from '../properties.ts';

const words = ['hostPID', 'hostIPC', 'hostNetwork', 'shareProcessNamespace', 'containers', 'PID'];
const bodies: fc.Arbitrary<unknown> = fc.jsonValue({
  depthSize: 'small',
  stringUnit: fc.constantFrom('host', 'PID', 'é', '<', '\\', 'u0050', '"'),
});

function mayHold(layout: Layout, bytes: Uint8Array, word: string): boolean {
  const around = Buffer.concat([Buffer.from(word), bytes, Buffer.from(word)]);
  return layout.mayHold(around, word.length, word.length + bytes.length, word);
}

/** The text with each of its letters, or only some, as an escape. */
function escaped(json: string, isEscaped: (index: number) => boolean): string {
  return json.replace(/[A-Za-z](?=[^"]*"(?:[^"]*"[^"]*")*[^"]*$)/g, (letter, index: number) =>
    isEscaped(index) ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}` : letter,
  );
}

describe('a word that occurs in a body', () => {
  it('is seen in keys and texts of any notation', () => {
    fc.assert(
      fc.property(bodies, fc.constantFrom(...words), (body, word) => {
        for (const value of [{ body, spec: { [word]: true } }, { [`spec.${word}`]: body }, [body, `the ${word}`]]) {
          expect(mayHold(jsonLayout, Buffer.from(JSON.stringify(value)), word)).toBe(true);
          expect(mayHold(jsonLayout, Buffer.from(JSON.stringify(value, null, 2)), word)).toBe(true);
          expect(mayHold(msgpackLayout, encode(value), word)).toBe(true);
        }
      }),
    );
  });

  it('is seen whichever of its letters is escaped, and after any number of other escapes', () => {
    for (const word of words) {
      for (let at = 0; at < word.length; at++) {
        for (const before of ['', '\\u003c\\u0026'.repeat(3), '\\u003c'.repeat(500), '\\\\u0026']) {
          const key = escaped(`{"${word}":1}`, (index) => index === at + 2);
          expect(JSON.parse(key)).toEqual({ [word]: 1 });
          expect(mayHold(jsonLayout, Buffer.from(`{"a":"${before}","b":${key}}`), word)).toBe(true);
        }
      }
    }
  });
});

test('a word that occurs nowhere is known to be absent, with escapes of other characters too', () => {
  const pod = { spec: { containers: [{ args: ['a && b > c', 'hostPath', 'hostPI', 'PIDs', '\u2028'] }] } };
  const json = JSON.stringify(pod).replace(/[<>&]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`);
  for (const word of ['hostPID', 'hostIPC', 'hostNetwork']) {
    expect(mayHold(jsonLayout, Buffer.from(json), word)).toBe(false);
    expect(mayHold(msgpackLayout, encode(pod), word)).toBe(false);
  }
  expect(mayHold(jsonLayout, Buffer.from('{"a":"\\u003c\\u003E"}'), 'hostPID')).toBe(false);
});
