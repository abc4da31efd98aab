/** The JSON Schemas of rule, exception and list files, for editors: they complete keys, show what each means, and mark errors
 * before Tripline reads the file. Whatever Tripline accepts passes here too, except for documents of a collection that are
 * complete only together. */
import Type, { type TSchema } from 'typebox';
import { tactics } from '../src/attack.ts';
import { fields } from '../src/fields/index.ts';
import {
  type CorrelationTest,
  coveredPacks,
  dateParts,
  ruleLevels,
  ruleModes,
  ruleStatuses,
} from '../src/sigma/ast.ts';
import { aliases } from '../src/sigma/parse/apply-modifiers.ts';
import { modifiers } from '../src/sigma/parse/modifiers.ts';

const closed = { additionalProperties: false };

const described = (schema: TSchema, description: string): TSchema => ({ ...schema, description });
const oneOrMore = (schema: TSchema): TSchema => Type.Union([schema, Type.Array(schema)]);
/** Words to complete, although any other text is valid as well. */
const suggested = (words: readonly string[], others: TSchema = Type.String()): TSchema =>
  Type.Union([Type.Enum([...words]), others]);
const part = (name: keyof typeof parts): TSchema => Type.Ref(`#/$defs/${name}`);
const options = (members: Record<string, TSchema>): Record<string, TSchema> =>
  Object.fromEntries(Object.entries(members).map(([key, schema]) => [key, Type.Optional(schema)]));

const text = (description: string, rules: object = {}) => Type.String({ minLength: 1, ...rules, description });
const texts = (description: string) => described(oneOrMore(Type.String()), description);
const scalars = ['string', 'number', 'boolean', 'null'];
const scalar = Type.Unsafe({ type: scalars });
/** One value or a list; not as a union, because the YAML language server shows no description beside one. */
const values = (types = scalars): TSchema => Type.Unsafe({ type: [...types, 'array'], items: { type: types } });
const fieldName = suggested([...fields.keys()]);
const timespan = (description: string) =>
  text(description, {
    pattern: '^\\d{1,7}[smhdwMy]$',
    patternErrorMessage: 'Write a number and its unit, such as 15m.',
    examples: ['15m', '24h', '7d'],
  });

const modifierNames = [...Object.keys(modifiers), ...Object.keys(aliases)];
const chain = `(\\|(${modifierNames.join('|')}))*`;

/** Modifiers whose values are of one type. */
const valueTypes: Record<string, string[]> = {
  exists: ['boolean'],
  ...Object.fromEntries(['lt', 'lte', 'gt', 'gte', ...dateParts].map((name) => [name, ['number']])),
};

const parts = {
  value: values(),
  items: Type.Unsafe({
    type: 'object',
    minProperties: 1,
    properties: Object.fromEntries([...fields].map(([name, { doc }]) => [name, described(values(), doc)])),
    // The YAML language server uses the first pattern that fits, so each is complete, and the specific ones come first.
    patternProperties: {
      ...Object.fromEntries(
        modifierNames.map((name) => {
          const { doc } = modifiers[aliases[name] ?? name]!;
          return [`^[^|]*${chain}\\|${name}${chain}$`, described(values(valueTypes[name]), doc)];
        }),
      ),
      '^[^|]*\\]$': Type.Union([Type.Ref('#/$defs/value'), Type.Ref('#/$defs/block')]),
      '^([^|]*[^|\\]])$': Type.Ref('#/$defs/value'),
    },
    ...closed,
  }),
  block: Type.Union([Type.Ref('#/$defs/items'), Type.Ref('#/$defs/detection')]),
  selection: Type.Union([
    scalar,
    Type.Ref('#/$defs/items'),
    Type.Array(Type.Union([Type.Ref('#/$defs/items'), scalar]), { minItems: 1 }),
  ]),
  detection: Type.Object(
    {
      condition: described(
        oneOrMore(Type.String()),
        'Selections joined by and, or, not, with parentheses; 1 of name*, all of name*, 1 of them.',
      ),
    },
    { minProperties: 2, additionalProperties: Type.Ref('#/$defs/selection') },
  ),
};

const Levels = Type.Array(
  Type.Object(
    {
      condition: text("A condition over the rule's selections."),
      level: Type.Enum([...ruleLevels], { description: 'Of findings for which the condition holds.' }),
    },
    closed,
  ),
  {
    description: 'The first whose condition holds sets the level of a finding; if none does, it is that of the rule.',
  },
);

const Tripline = Type.Object(
  options({
    summary: text('One sentence about what happened, with fields in braces: [{username}] read secret [{name}].', {
      maxLength: 1000,
    }),
    context: described(oneOrMore(fieldName), 'Fields to show with a finding.'),
    levels: Levels,
    mode: Type.Enum([...ruleModes], {
      description: 'live; shadow: evaluated, counted and tagged apart, never a verdict; off: not evaluated.',
    }),
    covers: Type.Object(options(Object.fromEntries(coveredPacks.map((pack) => [pack, oneOrMore(Type.String())]))), {
      ...closed,
      description: 'Detections of other packs that this rule covers, by pack.',
    }),
    learning: timespan('new_terms: how long values are gathered before the first is reported. Default: the timespan.'),
  }),
  { ...closed, description: 'What Sigma cannot express. Other tools ignore this key.' },
);

const correlationTypes: Record<CorrelationTest['type'], string> = {
  event_count: 'matches in a group',
  value_count: 'different values of a field',
  value_sum: 'sum of a field',
  value_avg: 'average of a field',
  value_median: 'median of a field',
  value_percentile: 'percentile of a field',
  temporal: 'rules that match within the timespan, in any order',
  temporal_ordered: 'rules that match within the timespan, in their order',
  new_terms: 'a value that was not seen within the timespan (Tripline only)',
};

const bounds = {
  gt: 'More than this.',
  gte: 'This, or more.',
  lt: 'Less than this.',
  lte: 'This, or less.',
  eq: 'Exactly this.',
  neq: 'Anything but this.',
};

const Correlation = Type.Object(
  {
    type: Type.Enum(Object.keys(correlationTypes), {
      description: Object.entries(correlationTypes)
        .map(([type, meaning]) => `${type}: ${meaning}`)
        .join('; '),
    }),
    timespan: timespan('How far apart the events may be: a number and s, m, h, d, w, M (months) or y.'),
    ...options({
      rules: texts('Names or ids of the rules, or other correlations, whose matches are evaluated.'),
      'group-by': described(
        oneOrMore(fieldName),
        'Fields that have to be the same; without it all events are one group.',
      ),
      condition: Type.Union(
        [
          Type.String(),
          Type.Object(
            options({
              ...Object.fromEntries(
                Object.entries(bounds).map(([operator, description]) => [operator, Type.Number({ description })]),
              ),
              field: described(oneOrMore(fieldName), 'The field that is counted, or measured.'),
              percentile: Type.Number({
                minimum: 0,
                maximum: 100,
                description: 'value_percentile: which; 50 by default.',
              }),
            }),
            closed,
          ),
        ],
        {
          description:
            'A bound such as gte: 10, and the field if values are counted or measured; or rules joined by and, or, not.',
        },
      ),
      aliases: Type.Record(Type.String(), Type.Record(Type.String(), Type.String()), {
        description: 'Names for group-by, each with the field that it is in each rule.',
      }),
      generate: Type.Boolean({
        description: 'Whether the rules it refers to raise findings on their own. Default: false.',
      }),
    }),
  },
  { ...closed, description: 'How the matches of other rules are correlated: how many, of what, in which order.' },
);

const Logsource = Type.Object(
  options({
    product: text('kubernetes, for a rule that Tripline is to evaluate.', { examples: ['kubernetes'] }),
    service: text('audit, for a rule that Tripline is to evaluate.', { examples: ['audit'] }),
    category: text('application, if it is given.', { examples: ['application'] }),
    definition: text('For people: what has to be logged.'),
  }),
  { minProperties: 1, description: 'Which events the document is about.' },
);

const Filter = Type.Unsafe({
  ...Type.Object(
    {
      rules: described(
        Type.Union([Type.Literal('any'), oneOrMore(Type.String())]),
        'Names or ids of the rules, or any for all of the logsource.',
      ),
      condition: parts.detection.properties.condition,
    },
    { minProperties: 3, additionalProperties: Type.Ref('#/$defs/selection') },
  ),
  description: "Selections and a condition that is added to the rules: 'not selection' silences what it names.",
});

const uuid = '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$';
const tagPattern = '^[A-Za-z0-9_-]+\\.[A-Za-z0-9._-]+$';

const head = {
  title: text('What the rule finds, in a few words, without a period.', { maxLength: 256 }),
  id: text('A UUID of its own: uuidgen. Overrides, exceptions and correlations can name the rule by it.', {
    pattern: uuid,
    patternErrorMessage: 'Write a UUID, as uuidgen prints one.',
  }),
  name: text('Names the rule in findings; the name of the file if it is left out.', { maxLength: 100 }),
  status: Type.Enum([...ruleStatuses], { description: 'How far the rule can be trusted.' }),
  description: text('What happened when it matches, and what to think of it.'),
  related: Type.Array(Type.Object({ id: Type.String(), type: Type.String() }), {
    description: 'Rules that it came from.',
  }),
  license: text('SPDX id of the license.'),
  author: texts('Who wrote it.'),
  references: texts('Pages on the technique.'),
  date: text('When it was written: 2026-01-15.'),
  modified: text('When it was changed last: 2026-01-15.'),
  taxonomy: text('Whose names the fields are; sigma by default.'),
  'sigma-version': described(
    Type.Union([Type.Number({ minimum: 1, exclusiveMaximum: 4 }), Type.String({ pattern: '^v?[123](\\.|$)' })]),
    '3 for array blocks: containers[any]: and lines that one and the same member has to match.',
  ),
  tags: described(
    oneOrMore(
      suggested(
        Object.keys(tactics).map((name) => `attack.${name}`),
        Type.String({ pattern: tagPattern }),
      ),
    ),
    'ATT&CK: a tactic such as attack.execution, followed by its techniques: attack.t1609.',
  ),
  falsepositives: texts('What may match legitimately.'),
  fields: texts('Fields of interest, for other tools; tripline.context is what Tripline shows.'),
  level: Type.Enum([...ruleLevels], { description: 'What a match means; medium if it is left out.' }),
  tripline: Tripline,
};

const documentOf = (properties: Record<string, TSchema>, rules: object) => ({
  type: 'object',
  properties,
  ...rules,
  $defs: parts,
});

/** A rule file: each of its documents is a rule, a correlation, a filter, or a template of a collection. */
export const ruleFileSchema = documentOf(
  {
    ...head,
    logsource: Logsource,
    detection: described(part('detection'), 'Selections, which ask for fields, and the condition that joins them.'),
    correlation: Correlation,
    filter: Filter,
    action: Type.Enum(['global', 'reset', 'repeat'], {
      description: 'Collections: global is merged into the rules after it, repeat makes another of the rule before it.',
    }),
  },
  {
    title: 'Sigma rule',
    if: { required: ['action'] },
    else: {
      required: ['title'],
      if: { required: ['correlation'] },
      else: {
        if: { required: ['filter'] },
        else: { required: ['logsource', 'detection'] },
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
        then: { required: ['logsource'] },
      },
    },
  },
);

/** An exception file: Sigma filters. */
export const exceptionFileSchema = documentOf(
  { ...head, logsource: Logsource, filter: Filter },
  { title: 'Exceptions to rules', required: ['title', 'logsource', 'filter'] },
);

/** A list file. */
export const listFileSchema = Type.Object(
  {
    title: text('What the values are.', { maxLength: 256 }),
    values: Type.Array(Type.Union([Type.String(), Type.Number(), Type.Boolean()]), {
      description: 'As a rule would spell them, * and ? being wildcards. With none, nothing matches through the list.',
    }),
    description: Type.Optional(text('Where they come from, and how to compare with them.')),
  },
  {
    ...closed,
    title: 'List of values',
    description: "Values that rules refer to by the name of the file: '%name%' under the modifier expand.",
  },
);
