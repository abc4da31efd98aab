/** CloudEvents over HTTP: structured and batched, where each event is a record, and binary, whose body is only the data.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md */
import { codecFor } from '../codecs/index.ts';
import { type Source, textIn } from './source.ts';

export const cloudevents: Source = {
  name: 'cloudevents',
  path: '/v1/cloudevents',
  // Event Grid gives up on an event that is refused by 400, 401, 403 or 413.
  keepsRefused: true,
  reply: 'none',
  codecFor,
  // https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md, section 3.2
  tokenOf: ({ query }) => textIn(query.access_token),
  permission({ headers }) {
    const origin = textIn(headers['webhook-request-origin']);
    if (origin === undefined) return undefined;
    return {
      status: 200,
      headers: { allow: 'POST', 'webhook-allowed-origin': origin, 'webhook-allowed-rate': '*' },
    };
  },
};
