/** The audit webhook of a kube-apiserver: one EventList per request; in blocking mode, a list of a single event. */
import { codecFor } from '../codecs/index.ts';
import { eventList } from '../codecs/items.ts';
import { json } from '../codecs/json.ts';
import type { Source } from './source.ts';

/** It has no use for a reply, and cannot ask for one: it leaves out the query of its URL. */
export const audit: Source = {
  name: 'audit',
  path: '/v1/audit',
  // It tries five times whatever the status, and each time ten times if the answer has Retry-After.
  keepsRefused: true,
  reply: 'none',
  codecFor: (mediaType) => (codecFor(mediaType) === json ? eventList : undefined),
};
