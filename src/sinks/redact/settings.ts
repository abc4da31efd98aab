/** What a sink can be asked to mask. */
import Type, { type Static } from 'typebox';
import { leadsNowhere } from '../../redaction/paths.ts';
import type { SinkFault } from '../sink.ts';

export const redactSettings = Type.Object(
  {
    secrets: Type.Optional(
      Type.Boolean({
        description:
          'Mask the values of Secrets: in bodies, lists, patches and messages about them, and in copies in other objects. Default: not.',
      }),
    ),
    tokens: Type.Optional(
      Type.Boolean({
        description:
          'Mask credentials: tokens of TokenRequests and TokenReviews, and tokens, passwords and private keys in URIs and ' +
          'other texts. Default: not.',
      }),
    ),
    paths: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        description:
          'Mask what these lead to, each from the record, an event in it or any map, as `requestObject.spec.containers.env` ' +
          'or `user.extra`; lists are crossed.',
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

/** Paths that cannot be right. */
export function redactFaults({ paths = [] }: RedactSettings): SinkFault[] {
  return paths.flatMap((path, index): SinkFault[] => {
    if (!leadsNowhere(path)) return [];
    const message = `redact.paths: ${JSON.stringify(path)} names no member; write names with dots between, as user.extra`;
    return [{ setting: ['redact', 'paths', index], message }];
  });
}
