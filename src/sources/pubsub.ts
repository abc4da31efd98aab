/** Push subscriptions of Google Cloud Pub/Sub: one message per request,
 * wrapped (`{"message":{"data":…},"subscription":…}`) or bare. */
import { json } from '../codecs/json.ts';
import { type Source, textIn } from './source.ts';

export const pubsub: Source = {
  name: 'pubsub',
  path: '/v1/pubsub',
  reply: 'none',
  // The payload of a bare message comes from its publisher, which states no type.
  codecFor: () => json,
  tokenOf: ({ query }) => textIn(query.token),
};
