/** Event streams of a few users in a few clusters, and correlations of every type that count them. */
import fc from '../../properties.ts';
import { podEvent } from '../../server/app.ts';

const correlation = (name: string, body: string) => `title: ${name}\nname: ${name}\ncorrelation: { ${body} }`;

export const correlations = [
  correlation('many', 'type: event_count, rules: [got], group-by: [username], timespan: 1m, condition: { gte: 3 }'),
  correlation('few', 'type: event_count, rules: [listed], group-by: [username], timespan: 1m, condition: { lt: 3 }'),
  correlation(
    'values',
    'type: value_count, rules: [got, deleted], group-by: [username], timespan: 2m, condition: { field: namespace, gte: 3 }',
  ),
  correlation('both', 'type: temporal, rules: [got, deleted], group-by: [username], timespan: 1m'),
  correlation('then', 'type: temporal_ordered, rules: [listed, got, deleted], group-by: [username], timespan: 2m'),
  correlation('without', 'type: temporal, rules: [listed, deleted], timespan: 1m, condition: listed and not deleted'),
  correlation(
    'chain',
    'type: temporal_ordered, rules: [many, both], group-by: [username], timespan: 10m, generate: true',
  ),
  `${correlation('new', 'type: new_terms, rules: [got], group-by: [username], timespan: 1h, condition: { field: namespace }')}
tripline: { learning: 1m }`,
];

const start = Date.parse('2026-01-02T03:00:00Z');

/** @param seconds after the first event */
export const timeOf = (seconds: number) => new Date(start + seconds * 1000).toISOString();

interface Drawn {
  step: number;
  late: number;
  verb: string;
  user: string;
  namespace: string;
  cluster: string;
  again: number;
  hasNoTime: boolean;
}

/** Batches of records. Some events are late, some have no time, some are repeated. */
export const streams: fc.Arbitrary<object[][]> = fc
  .tuple(
    fc.array(
      fc.record({
        step: fc.constantFrom(0, 0, 0, 1, 1, 1, 1, 2, 2, 5, 5, 10, 20, 20, 90, 1200, 5000),
        late: fc.constantFrom(0, 0, 0, 0, 3, 30, 70, 800, 1100),
        verb: fc.constantFrom('get', 'get', 'get', 'delete', 'list', 'watch'),
        user: fc.constantFrom('ann', 'ann', 'bob', 'cat'),
        namespace: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
        cluster: fc.constantFrom('one', 'one', 'two'),
        again: fc.constantFrom(0, 0, 0, 0, 1, 3, 9),
        hasNoTime: fc.constantFrom(false, false, false, false, false, false, false, true),
      }),
      { minLength: 60, maxLength: 120, size: 'max' },
    ),
    fc.array(fc.constantFrom(1, 2, 5, 20), { minLength: 5, maxLength: 10 }),
  )
  .map(([drawn, sizes]) => batchesOf(eventsOf(drawn), sizes));

function eventsOf(drawn: readonly Drawn[]): object[] {
  let clock = 0;
  const events = drawn.map(({ step, late, verb, user, namespace, cluster, hasNoTime }, index) => {
    clock += step;
    const time = hasNoTime ? '' : timeOf(clock - late);
    return eventOf({ index, verb, user, namespace, cluster, time });
  });
  return events.flatMap((event, index) => {
    const { again } = drawn[index]!;
    return again > 0 && index >= again ? [event, events[index - again]!] : [event];
  });
}

function batchesOf(events: readonly object[], sizes: readonly number[]): object[][] {
  const batches: object[][] = [];
  for (let from = 0, i = 0; from < events.length; i++) {
    const size = sizes[i % sizes.length]!;
    batches.push(events.slice(from, from + size));
    from += size;
  }
  return batches;
}

/** An event of a user. */
export function eventOf({
  index,
  time,
  verb = 'get',
  user = 'ann',
  namespace = 'shop',
  cluster = 'one',
}: {
  index: number;
  time: string;
  verb?: string;
  user?: string;
  namespace?: string;
  cluster?: string;
}): object {
  return {
    ...podEvent({ auditID: `id-${index}` }),
    verb,
    user: { username: user },
    objectRef: { resource: 'pods', namespace, name: 'web', apiVersion: 'v1' },
    requestURI: `/api/v1/namespaces/${namespace}/pods/web`,
    requestReceivedTimestamp: time,
    stageTimestamp: time,
    cluster_name: cluster,
  };
}
