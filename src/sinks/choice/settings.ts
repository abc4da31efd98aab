/** Settings for which records a sink gets. */
import Type, { type Static } from 'typebox';
import { Level } from '../../record.ts';
import { Verdict } from '../../tag.ts';

const texts = (description: string) => Type.Array(Type.String({ minLength: 1 }), { minItems: 1, description });

export const choiceSettings = Type.Object(
  {
    verdicts: Type.Optional(
      Type.Array(Type.Enum(Verdict.enum), { minItems: 1, description: 'Records with one of these verdicts.' }),
    ),
    level: Type.Optional(
      Type.Enum(Level.enum, {
        description:
          'Records with a finding or a report of this level or a higher one (`routeLevel` of their tag); ' +
          '`informational`: all that have either, as with `reply: matches`.',
      }),
    ),
    rules: Type.Optional(texts('Records with a finding or a report of one of these rules; `*` stands for any text.')),
    new: Type.Optional(
      Type.Literal(true, {
        description:
          'Records with a finding or a report whose rule has not matched the same identity on this kind of object before.',
      }),
    ),
    fluentTags: Type.Optional(
      texts("Records received with one of these Fluent tags, as in Fluent Bit's `match`: `*` stands for any text."),
    ),
  },
  {
    additionalProperties: false,
    minProperties: 1,
    description: 'Which records the sink gets: those that meet all conditions set here. Default: all of them.',
  },
);
export type ChoiceSettings = Static<typeof choiceSettings>;
