import { expect, it } from 'vitest';
import { clip } from '../../src/sigma/clip.ts';

it.each([
  ['', 3, ''],
  ['abc', 3, 'abc'],
  ['abcd', 3, 'ab…'],
  // Half of a surrogate pair is no text.
  ['a😀b', 3, 'a\u{fffd}…'],
])('%j is at most %i long: %j', (text, length, expected) => expect(clip(text, length)).toBe(expected));
