/** What a sink can be asked to mask. */
import Type, { type Static } from 'typebox';

export const redactSettings = Type.Object(
  {
    secrets: Type.Boolean({
      default: false,
      description: 'Mask the values of Secrets: in their bodies, in lists and patches, and in copies in other places.',
    }),
    tokens: Type.Boolean({
      default: false,
      description: 'Mask credentials: tokens of TokenRequests and TokenReviews, and those that texts and URIs show.',
    }),
    paths: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description:
        'Mask what these paths lead to, each from the record or from an event in it, as `requestObject.spec.containers.env` ' +
        'or `user.extra`; lists are crossed.',
    }),
  },
  {
    additionalProperties: false,
    minProperties: 1,
    description: 'What is masked in what the sink gets. Default: nothing.',
  },
);
export type RedactSettings = Static<typeof redactSettings>;
