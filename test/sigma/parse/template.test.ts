import { expect, it } from 'vitest';
import { parseTemplate, renderSummary } from '../../../src/sigma/parse/template.ts';
import fc from '../../properties.ts';
import { lookupOf } from '../lookup.ts';

it.each([
  ['[{username}] created pod [{namespace}/{name}]', '[ann] created pod [default/-]'],
  ['{ username }', 'ann'],
  ['no field', 'no field'],
  ['', ''],
  ['{ips}', '198.51.100.9, ::1'],
  ['{many}', '1, 2, 3, 4, 5, …'],
  ['{empty} {nothing} {none}', '- - -'],
  ['{object} {zero} {no}', '… 0 false'],
  ['{hostile}', 'a��b�c'],
  ['{__proto__}', '-'],
  ['{braces}', '{username} {{0}} ${x} %s'],
])('%s', (text, sentence) => {
  const template = parseTemplate(text);
  if ('message' in template) throw new Error(template.message);
  const event = {
    username: 'ann',
    namespace: 'default',
    ips: ['198.51.100.9', '::1'],
    many: [1, 2, 3, 4, 5, 6],
    empty: '',
    nothing: [null],
    object: { a: 1 },
    zero: 0,
    no: false,
    hostile: 'a\r\nb\u202ec',
    braces: '{username} {{0}} ${x} %s',
  };
  expect(renderSummary(template, lookupOf(event))).toBe(sentence);
});

it.each([
  ['a {', 2],
  ['a {}', 2],
  ['{a{b}}', 0],
  ['a}b', 1],
])('%s is not a template', (text, at) => {
  expect(parseTemplate(text)).toMatchObject({ at });
});

it('a field in a gap is shown as missing', () => {
  expect(renderSummary([{ field: 'name' }], lookupOf({}, { name: 'cut' }))).toBe('-');
});

it('a summary is one line of at most 1,000 characters, whatever the values', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', minLength: 100, maxLength: 600 })), (values) => {
      const sentence = renderSummary(Array(8).fill({ field: 'f' }), lookupOf({ f: values }));
      expect(sentence.length).toBeLessThanOrEqual(1_000);
      expect(sentence.isWellFormed()).toBe(true);
      expect(sentence).not.toMatch(/[\r\n\u2028]/);
    }),
  );
});
