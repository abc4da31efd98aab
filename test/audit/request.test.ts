import { expect, it } from 'vitest';
import { isAnswered, isWrite, opensConnection, opensStream, stages } from '../../src/audit/request.ts';

it.each([
  ['create', true],
  ['update', true],
  ['patch', true],
  ['delete', false],
  ['get', false],
  ['', false],
])('the verb %j writes an object: %s', (verb, expected) => expect(isWrite(verb)).toBe(expected));

it.each([
  ['exec', true],
  ['attach', true],
  ['portforward', true],
  ['proxy', true],
  ['', false],
  ['ephemeralcontainers', false],
  [undefined, false],
])('the subresource %j opens a connection: %s', (subresource, expected) =>
  expect(opensConnection(subresource)).toBe(expected),
);

it.each([
  ['exec', true],
  ['attach', true],
  ['portforward', true],
  ['proxy', false],
  [undefined, false],
])('the subresource %j opens a stream: %s', (subresource, expected) => expect(opensStream(subresource)).toBe(expected));

it('every stage except the first has an answer', () => {
  expect(stages.map(isAnswered)).toEqual([false, true, true, true]);
});
