/** The audit webhook of a kube-apiserver: one EventList a request, or a single event in blocking mode, which is a list as well. */
import { codecFor } from '../codecs/index.ts';
import { eventList } from '../codecs/items.ts';
import { json } from '../codecs/json.ts';
import type { Source } from './source.ts';

/** It has no use for a reply, and cannot ask for one: it leaves out the query of its URL. */
export const audit: Source = {
  name: 'audit',
  path: '/v1/audit',
  // It tries five times whatever the status, and each of them ten times where the answer has Retry-After.
  keepsRefused: true,
  reply: 'none',
  codecFor: (mediaType) => (codecFor(mediaType) === json ? eventList : undefined),
};
