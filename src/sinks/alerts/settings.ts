/** Settings of sinks for people. */
import Type from 'typebox';

export const consoleUrlSetting = Type.Optional(
  Type.String({
    pattern: '^https?://',
    examples: ['https://tripline.example.com/'],
    description:
      'Address of the console, as readers of the messages reach it: each message links to its finding there.',
  }),
);
