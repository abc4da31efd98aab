import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { finding as form } from '../../../src/findings/forms/finding.ts';
import { rowOf, samples } from './samples.ts';

const schema = new URL('../../../schemas/finding.schema.json', import.meta.url);
const validate = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(schema, 'utf8')));

test.each(Object.entries(samples))('%s conforms to its schema', (_, sample) => {
  validate(rowOf(form, sample));
  expect(validate.errors).toBeNull();
});

test('a finding has its event, and what is known besides the tag', () => {
  expect(rowOf(form, samples.finding!)).toMatchObject({
    ...{ v: 1, kind: 'finding', id: '831162103bc8496a269172d18d454547', level: 'high', platform: 'eks' },
    ...{ event: { username: 'ann' }, received: '2027-01-15T08:00:00.123Z', novelty: { times: 0 } },
    ...{ owner: { name: 'shop team' }, cluster: 'orchid', evidence: 'full', trace: { spanId: 'b7ad6b7169203331' } },
  });
});

test('a report lists the events that it is about, and has no event of its own', () => {
  const row = rowOf(form, samples.report!);
  expect(row).toMatchObject({ kind: 'report', correlation: { events: ['a-1', 'a-2'] } });
  expect(row).not.toHaveProperty('event');
});
