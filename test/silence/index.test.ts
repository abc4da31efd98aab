import { describe, expect, test } from 'vitest';
import { problemsOf, type Status } from '../../src/console/status.ts';
import { openSilences, type Silence, type Source } from '../../src/silence/index.ts';
import type { Tag } from '../../src/tag.ts';

const tagOf = (cluster: string | undefined): Tag => ({
  v: 2,
  verdict: 'clear',
  platform: 'eks',
  ...(cluster && { cluster }),
});
const START = Date.parse('2026-01-01T00:00:00Z');

/** With a clock that counts minutes; five of them make a silence. */
function open() {
  const log: string[] = [];
  const measured: [Source, number][] = [];
  const reported: [cluster: string | undefined, since: number, isOver: boolean][] = [];
  let minute = 0;
  const minutesOf = ({ since }: Silence) => (since.getTime() - START) / 60_000;
  const note = (_: object, message: string) => void log.push(message);
  const silences = openSilences({
    afterSeconds: 300,
    logger: { info: note, warn: note },
    measure: (source, seconds) => void measured.push([source, seconds]),
    clock: () => START + minute * 60_000,
  });
  const stop = silences.listen((silence, isOver) => void reported.push([silence.cluster, minutesOf(silence), isOver]));
  return {
    ...{ silences, log, measured, reported, stop },
    hear: (cluster?: string, fluentTag: string | undefined = 'kube.audit') =>
      silences.heard({ fluentTag, tags: [tagOf(cluster)] }),
    /** Advances the clock by minutes, with a look at each. */
    pass(minutes: number, each: () => void = () => {}) {
      for (let count = 0; count < minutes; count++) {
        minute++;
        each();
        silences.look();
      }
    },
  };
}

describe('a source that was regular', () => {
  test('falls silent once, and is heard again', () => {
    const { hear, pass, silences, reported, log } = open();
    hear('orchid');
    pass(10, () => hear('orchid'));
    expect(silences.now()).toEqual([]);
    pass(20);
    const source = { fluentTag: 'kube.audit', platform: 'eks', cluster: 'orchid' };
    expect(silences.now()).toEqual([{ ...source, since: new Date(START + 10 * 60_000) }]);
    hear('orchid');
    expect(silences.now()).toEqual([]);
    expect(reported).toEqual([
      ['orchid', 10, false],
      ['orchid', 10, true],
    ]);
    expect(log).toEqual([
      'orchid (eks), kube.audit, has fallen silent: no audit records arrive',
      'orchid (eks), kube.audit, sends audit records again',
    ]);
    // A single batch is enough for the next time.
    pass(6);
    expect(reported.at(-1)).toEqual(['orchid', 30, false]);
  });

  test('is measured at each look', () => {
    const { hear, pass, measured } = open();
    pass(6, () => hear());
    pass(2);
    expect(measured.map(([, seconds]) => seconds)).toEqual([0, 60, 120]);
    expect(measured[0]![0]).toEqual({ fluentTag: 'kube.audit', platform: 'eks', cluster: undefined });
  });

  test('is identified by cluster, platform and Fluent tag, even if a batch has records of several', () => {
    const { silences, pass, hear, reported } = open();
    const tags = [tagOf('a'), undefined, tagOf('b'), { v: 2, verdict: 'not_audit' } as Tag, tagOf('a')];
    pass(7, () => silences.heard({ fluentTag: 'kube.audit', tags }));
    pass(7, () => {
      hear('a');
      hear('b', 'other');
    });
    expect(reported.map(([cluster]) => cluster)).toEqual(['b']);
  });
});

test.each([
  ['once', 1, 0],
  ['for a while', 4, 0],
  ['each half hour', 30, 29],
])('a source that sends %s does not fall silent', (_, minutes, gap) => {
  const { pass, reported, hear } = open();
  let at = 0;
  pass(minutes, () => at++ % (gap + 1) === 0 && hear('a'));
  pass(60);
  expect(reported).toEqual([]);
});

test('a listener that has stopped hears nothing more', () => {
  const { hear, pass, reported, stop } = open();
  pass(7, () => hear());
  stop();
  pass(7);
  expect(reported).toEqual([]);
});

test('the console shows a silence with the time of the last record', () => {
  const { hear, pass, silences } = open();
  pass(7, () => hear('orchid'));
  pass(7);
  const status = { rules: {}, spools: {}, down: {}, silences: silences.now() } as unknown as Status;
  expect(problemsOf(status)).toEqual([
    {
      code: 'source.silent',
      message: 'orchid (eks), kube.audit, sends no audit records',
      remedy: expect.stringMatching(/^Look at the log of Fluent Bit/),
      since: '2026-01-01T00:07:00.000Z',
    },
  ]);
});

describe('invented names', () => {
  test('do not hide the silence of a source', () => {
    const { hear, pass, reported } = open();
    let made = 0;
    pass(7, () => {
      hear('real');
      hear(`once-${made}`);
      for (let count = 0; count < 1000; count++) hear(`made-up-${made++}`);
    });
    pass(7);
    expect(reported).toEqual([['real', 7, false]]);
    // In time there is space again.
    pass(7, () => hear('new'));
    pass(7);
    expect(reported.at(-1)).toEqual(['new', 21, false]);
  });

  test('that become regular leave no space for new ones, and the log says so once', () => {
    const { hear, pass, log, reported } = open();
    pass(7, () => {
      for (let count = 0; count < 600; count++) hear(`made-up-${count}`);
    });
    expect(log).toEqual(['There are too many sources: new ones may fall silent unnoticed']);
    pass(7);
    expect(reported).toHaveLength(500);
  });

  test('that are long, or not readable text, are not kept', () => {
    const { hear, pass, reported } = open();
    pass(7, () => {
      hear('x'.repeat(129));
      hear('a\u202eb');
      hear('a', 'x'.repeat(129));
    });
    pass(7);
    expect(reported).toEqual([]);
  });
});
