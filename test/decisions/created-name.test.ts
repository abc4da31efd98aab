/** The name of an object that is created, read from the bytes of its bodies. */
import { expect, test } from 'vitest';
import { createdName } from '../../src/decisions/created-name.ts';
import { jsonLayout } from '../../src/decisions/notation.ts';
import { nameMutants } from '../fast-path/body-mutants.ts';
import { productWith } from '../fast-path/mutants.ts';

/** Bodies, of the response and of the request, in JSON. */
function nameIn(response: string | undefined, request?: string, nameOf = createdName): string {
  const bytes = Buffer.from(
    `{"metadata":{"name":"around"},"a":${response ?? ''},"b":${request ?? ''},"metadata":{"name":"b"}}`,
  );
  const spans = new Int32Array(4).fill(-1);
  for (const [index, text] of [response, request].entries()) {
    if (text === undefined) continue;
    spans[2 * index] = bytes.indexOf(text, index === 0 ? 34 : 38 + (response?.length ?? 0));
    spans[2 * index + 1] = spans[2 * index]! + Buffer.byteLength(text);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const name = nameOf(jsonLayout, bytes, view, spans, [0, 2]);
  return typeof name === 'string' ? name : bytes.toString('utf8', name.start, name.end);
}

const cases = [
  ['{"metadata":{"name":"x"}}', 'x'],
  ['{"kind":"Pod","spec":{"a":[1,{}]},"metadata":{"name":"x"}}', 'x'],
  [' { "kind" : "metadata" , "metadata" : { "name" : "x" } } '.trim(), 'x'],
  ['{"metadata":{"name":"x"},"spec":{"template":{"metadata":{"name":"y"}}}}', 'x'],
  ['{"spec":{"template":{"metadata":{"name":"y"}}},"metadata":{"name":"x"}}', 'x'],
  ['{"spec":{"template":{"metadata":{"name":"y"}}}}', 'none'],
  ['{"spec":{"metadata":{"name":"y"}}}', 'none'],
  ['{}', 'none'],
  ['{"a":"metadata"}', 'none'],
  ['{"a":"b","metadata":{"name":"x"},"metadata":{"name":"y"}}', 'unusual'],
  ['{"metadata":{"name":"x"},"m\\u0065tadata":{"name":"y"}}', 'unusual'],
  ['{"m\\u0065tadata":{"name":"y"}}', 'unusual'],
  ['{"metadata":{"name":"x"},"note":"\\u003c"}', 'x'],
  ['{"metadata":{"name":7}}', 'unusual'],
  ['{"metadata":7}', 'unusual'],
  ['{"metadata":{"generateName":"x-"}}', 'unusual'],
  ['{"metadata":{"name":"x","name":"y"}}', 'unusual'],
] as const;

test.each(cases)('the name in %s: %s', (body, name) => {
  expect(nameIn(body)).toBe(name);
  expect(nameIn('{}', body)).toBe(name);
});

const pairs = [
  ['{"metadata":{"name":"x"}}', '{"metadata":{"name":"y"}}', 'x'],
  ['{"metadata":{}}', '{"metadata":{"name":"y"}}', 'y'],
  ['{"metadata":7}', '{"metadata":{"name":"y"}}', 'unusual'],
  [undefined, '{"metadata":{"name":"y"}}', 'y'],
] as const;

test.each(pairs)('the name in %s before %s: %s', (response, request, name) => {
  expect(nameIn(response, request)).toBe(name);
});

test.each(nameMutants)('noticed: $name', async ({ changes }) => {
  const other = (await productWith(changes)).createdName.createdName;
  const isOtherwise =
    cases.some(([body, name]) => nameIn(body, undefined, other) !== name) ||
    pairs.some(([response, request, name]) => nameIn(response, request, other) !== name);
  expect(isOtherwise).toBe(true);
});
