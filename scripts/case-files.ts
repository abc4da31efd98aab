/** The JSON Schema of case files, for editors. It refuses what `parseCases` of src/authoring/cases.ts refuses, except for what
 * a schema cannot express: names that are used twice, how deep records nest, and which bits of a network are set. */
import Type, { type TSchema } from 'typebox';
import { type Answer, answers } from '../src/authoring/cases.ts';
import { levels } from '../src/record.ts';

const closed = { additionalProperties: false };

const record = Type.Unknown({
  description: 'A log record as it arrives: from any platform, in any wrapper.',
});

const located = Type.Object(
  {
    asn: Type.Optional(Type.Integer({ minimum: 1 })),
    asOrganization: Type.Optional(Type.String({ minLength: 1 })),
    country: Type.Optional(Type.String({ pattern: '^[A-Z]{2}$' })),
  },
  closed,
);

const members = {
  name: Type.String({ pattern: '\\S', description: 'What the case shows; no other case of the file has this name.' }),
  record: Type.Optional(record),
  records: Type.Optional(
    Type.Array(record, {
      minItems: 1,
      description: 'Instead of record: a sequence, as if they were the first records ever. For correlations.',
    }),
  ),
  trustedProxies: Type.Optional(
    Type.Array(Type.String({ pattern: '^[0-9A-Fa-f.:]+(%[0-9A-Za-z]+)?(/[0-9]{1,3})?$' }), {
      description: 'The setting of that name, which is not set by default: addresses and networks.',
      examples: [['10.0.0.0/8']],
    }),
  ),
  networks: Type.Optional(
    Type.Object(
      {},
      {
        patternProperties: { '^[0-9A-Fa-f.:]+(%[0-9A-Za-z]+)?(/[0-9]{1,3})?$': located },
        additionalProperties: false,
        description: 'What databases of addresses contain, by network or address; nothing if it is left out.',
        examples: [{ '203.0.113.0/24': { asn: 64500, country: 'DE' } }],
      },
    ),
  ),
};

const level = Type.Optional(Type.Enum([...levels], { description: 'The level that the finding has to have.' }));

const casesOf = (answer: Answer, description: string): TSchema =>
  Type.Array(
    Type.Object(answer === 'matches' ? { ...members, level } : members, {
      ...closed,
      oneOf: [{ required: ['record'] }, { required: ['records'] }],
    }),
    { description },
  );

const meanings: Record<Answer, string> = {
  matches: 'Cases in which the rule has a finding.',
  ignores: 'Cases in which it has none, although they are similar.',
  undecided: 'Cases that it cannot decide, because part of the record was not logged.',
};

/** A case file, NAME.cases.json next to NAME.yml. */
export const caseFileSchema = Type.Object(
  {
    $schema: Type.Optional(Type.String({ description: 'Where this schema is, for editors.' })),
    lists: Type.Optional(
      Type.Object(
        {},
        {
          additionalProperties: Type.Array(Type.String()),
          description: 'Values that lists have for these cases, by the names of the lists.',
        },
      ),
    ),
    ...Object.fromEntries(answers.map((answer) => [answer, Type.Optional(casesOf(answer, meanings[answer]))])),
  },
  { ...closed, title: 'Cases of a rule', description: 'What `tripline test` runs a rule on.' },
);
