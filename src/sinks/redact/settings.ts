/** Settings for what is masked for a sink. */
import Type, { type Static } from 'typebox';
import { leadsNowhere } from '../../redaction/paths.ts';
import type { SinkFault } from '../sink.ts';

export const redactSettings = Type.Object(
  {
    secrets: Type.Optional(
      Type.Boolean({
        description:
          'Mask the values of Secrets: in bodies, lists, patches and messages about them, and in copies in other objects. Default: no.',
      }),
    ),
    tokens: Type.Optional(
      Type.Boolean({
        description:
          'Mask credentials: tokens of TokenRequests and TokenReviews, and tokens, passwords and private keys in URIs and ' +
          'other texts. Default: no.',
      }),
    ),
    paths: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        description:
          'Mask the values at these paths, each from the record, an event in it or any map, such as ' +
          '`requestObject.spec.containers.env` or `user.extra`; lists are traversed.',
      }),
    ),
  },
  {
    additionalProperties: false,
    minProperties: 1,
    description: 'What is masked in what the sink gets. Default: nothing.',
  },
);
export type RedactSettings = Static<typeof redactSettings>;

/** Faults in paths. */
export function redactFaults({ paths = [] }: RedactSettings): SinkFault[] {
  return paths.flatMap((path, index): SinkFault[] => {
    if (!leadsNowhere(path)) return [];
    const message = `redact.paths: ${JSON.stringify(path)} does not name a member; write names separated by dots, such as user.extra`;
    return [{ setting: ['redact', 'paths', index], message }];
  });
}
