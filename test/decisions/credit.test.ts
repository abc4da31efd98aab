import { expect, test } from 'vitest';
import { Credit } from '../../src/decisions/credit.ts';

const spent = (credit: Credit, times: number) =>
  Array.from({ length: times }, () => credit.spend()).filter(Boolean).length;

test('few values that are never repeated are made once the credit is spent', () => {
  const credit = new Credit();
  expect(spent(credit, 4096)).toBe(4096);
  expect(spent(credit, 1600)).toBe(100);
});

test('each repeated value earns one more, up to the initial credit', () => {
  const credit = new Credit();
  spent(credit, 4096);
  for (let index = 0; index < 10; index++) credit.earn();
  expect(spent(credit, 10)).toBe(10);
  expect(spent(credit, 15)).toBe(0);
  for (let index = 0; index < 10_000; index++) credit.earn();
  expect(spent(credit, 4096)).toBe(4096);
  expect(spent(credit, 1)).toBe(1);
  expect(spent(credit, 15)).toBe(0);
});
