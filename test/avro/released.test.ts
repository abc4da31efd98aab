/** Avro schemas that were released: readers of each read what is written now, and what was written then is read now. */
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import avro from 'avsc';
import { describe, expect, test } from 'vitest';
import { incompatibilities } from '../../scripts/avro-compatibility.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const schemaAt = (path: string) => JSON.parse(readFileSync(`${root}/${path}`, 'utf8'));
const names = ['audit-event', 'finding', 'tagged-record'] as const;

/** By version, SHA-256 of its concatenated files: a released schema does not change. */
const released: Record<string, string> = {
  '0.1.0': '6e20491a9db81a950109ca525b0cc8c7a3636f73d82de648aceccec015c72fd6',
};

test('every released version is unchanged', () => {
  const found = globSync('schemas/released/*', { cwd: root }).map((path) => {
    const hash = createHash('sha256');
    for (const name of names) hash.update(readFileSync(`${root}/${path}/${name}.avsc`));
    return [path.split('/').at(-1), hash.digest('hex')];
  });
  expect(Object.fromEntries(found)).toEqual(released);
});

/** What a reader sees of a value that was written with more fields, or fewer. */
function seenBy(reader: any, value: any): unknown {
  switch (reader.typeName) {
    case 'union:unwrapped':
      return value === null ? null : seenBy(reader.types[1], value);
    case 'record':
      return Object.fromEntries(
        reader.fields.map((field: any) => {
          const isWritten = field.name in value;
          return [field.name, isWritten ? seenBy(field.type, value[field.name]) : field.defaultValue()];
        }),
      );
    case 'array':
      return value.map((item: unknown) => seenBy(reader.itemsType, item));
    case 'map':
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, seenBy(reader.valuesType, one)]));
    default:
      return value;
  }
}

/** Values of any kind, each of which has to be read as it was written. */
function expectReads(readerSchema: unknown, writerSchema: unknown): void {
  const [reader, writer] = [avro.Type.forSchema(readerSchema as never), avro.Type.forSchema(writerSchema as never)];
  const resolver = reader.createResolver(writer);
  for (let run = 0; run < 20; run++) {
    const value = writer.random();
    expect(plain(reader.fromBuffer(writer.toBuffer(value), resolver))).toEqual(plain(seenBy(reader, value)));
  }
}

/** Without the classes that the library gives records. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

describe.each(Object.keys(released))('of %s', (version) => {
  test.each(names)('%s.avsc and the present one are interchangeable', (name) => {
    const [then, now] = [schemaAt(`schemas/released/${version}/${name}.avsc`), schemaAt(`schemas/${name}.avsc`)];
    expect(incompatibilities(then, now)).toEqual([]);
    expectReads(then, now);
    expectReads(now, then);
  });
});

const finding = () => schemaAt('schemas/finding.avsc');
type Change = (schema: { fields: any[] }) => void;
const fieldNamed = (schema: { fields: any[] }, name: string) => schema.fields.find((field) => field.name === name);

describe('a change that a release may contain', () => {
  test.each<[what: string, change: Change]>([
    ['an optional field', (schema) => schema.fields.push({ name: 'owner', type: ['null', 'string'], default: null })],
    [
      'an optional field within another',
      (schema) => fieldNamed(schema, 'correlation').type[1].fields.push({ name: 'x', type: 'int', default: 7 }),
    ],
    [
      'an optional record',
      (schema) => {
        const type = {
          type: 'record',
          name: 'Owner',
          namespace: 'tripline',
          fields: [{ name: 'name', type: 'string' }],
        };
        schema.fields.push({ name: 'owner', type: ['null', type], default: null });
      },
    ],
    ['another order', (schema) => schema.fields.push(schema.fields.shift())],
    ['another description', (schema) => (fieldNamed(schema, 'id').doc = 'other')],
  ])('%s', (_, change) => {
    const [before, after] = [finding(), finding()];
    change(after);
    expect(incompatibilities(before, after)).toEqual([]);
    expectReads(before, after);
    expectReads(after, before);
  });
});

describe('a change that breaks readers is named', () => {
  test.each<[what: string, change: Change, faults: string[]]>([
    [
      'a field that must be there',
      (schema) => schema.fields.push({ name: 'owner', type: 'string' }),
      ['tripline.Finding.owner is new and has no default'],
    ],
    [
      'a field that is removed',
      (schema) => schema.fields.splice(schema.fields.indexOf(fieldNamed(schema, 'summary')), 1),
      ['tripline.Finding.summary is gone'],
    ],
    [
      'an optional field that is removed, which Avro would read as absent',
      (schema) => schema.fields.splice(schema.fields.indexOf(fieldNamed(schema, 'time')), 1),
      ['tripline.Finding.time is gone'],
    ],
    [
      'a field that is renamed',
      (schema) => (fieldNamed(schema, 'summary').name = 'text'),
      ['tripline.Finding.summary is gone', 'tripline.Finding.text is new and has no default'],
    ],
    [
      'another type',
      (schema) => (fieldNamed(schema, 'level').type = 'int'),
      ['tripline.Finding.level is of type int now, and was string'],
    ],
    [
      'a wider type, which older readers do not know',
      (schema) => (fieldNamed(schema, 'event').type = 'long'),
      ['tripline.Finding.event is of type long now, and was int'],
    ],
    [
      'null where there was none',
      (schema) => (fieldNamed(schema, 'title').type = ['null', 'string']),
      ['tripline.Finding.title is of type null or string now, and was string'],
    ],
    [
      'other items',
      (schema) => (fieldNamed(schema, 'matched').type.items = 'string'),
      [
        'tripline.Finding.matched is of type array of string now, and was array of tripline.FieldValues',
        'record tripline.FieldValues is gone',
      ],
    ],
    [
      'a record that is renamed',
      (schema) => Object.assign(schema, { name: 'Hit' }),
      ['tripline.Finding is tripline.Hit now', 'record tripline.Finding is gone'],
    ],
  ])('%s', (_, change, faults) => {
    const after = finding();
    change(after);
    expect(incompatibilities(finding(), after)).toEqual(faults);
  });
});
