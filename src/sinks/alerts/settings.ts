/** What sinks for people can be asked for. */
import Type from 'typebox';

export const consoleUrlSetting = Type.Optional(
  Type.String({
    pattern: '^https?://',
    examples: ['https://tripline.example.com/'],
    description:
      'Address of the console, as those who read the message reach it: each has a link to its finding there.',
  }),
);
