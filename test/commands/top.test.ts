/** `tripline top`: what it draws fits the screen, says what is wrong, and leaves the terminal as it was. */
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { amount, bytes, clock, duration, rate } from '../../src/command-line/amounts.ts';
import { drawSnapshot, type Screen, type Seen } from '../../src/commands/top/draw.ts';
import { topCommand } from '../../src/commands/top/index.ts';
import type { Now } from '../../src/console/api.ts';
import { fencesOf } from '../fences.ts';
import { type FakeConsole, sessionShown, startFakeConsole } from './fake-console.ts';
import { run } from './run.ts';

const quiet: Now = {
  ...{ at: '2026-01-02T03:04:05Z', ruleset: '036d035a1037aaaa', rules: 111, correlations: 8 },
  rulesSince: '2026-01-02T01:00:00Z',
  records: [],
  findings: [],
  silenced: [],
  lag: { p50: null, p99: null },
  sinks: [],
  problems: [],
};

const busy: Now = {
  ...quiet,
  records: [
    { platform: 'eks', verdict: 'clear', perSecond: [9999, ...Array(10).fill(512)], total: 1_234_567 },
    { platform: 'eks', verdict: 'match', perSecond: [0, 1, 0, 0], total: 12 },
    { platform: null, verdict: 'not_audit', perSecond: [0], total: 3 },
  ],
  findings: [
    { from: '2026-01-02T03:03:00Z', level: 'high', mode: 'live', count: 3 },
    { from: '2026-01-02T02:33:00Z', level: 'critical', mode: 'live', count: 1 },
    { from: '2026-01-01T02:33:00Z', level: 'low', mode: 'shadow', count: 15_000 },
  ],
  silenced: [{ from: '2026-01-02T03:03:00Z', count: 2 }],
  lag: { p50: 0.41, p99: 75 },
  sinks: [
    {
      ...{ name: 'forward', type: 'forward', sent: 1071, failed: 2, setAside: 1, isDown: true },
      spool: { entries: 12, bytes: 1_234_567, oldestSeconds: 31 },
    },
    { ...{ name: 'lake', type: 'avro', sent: 99_999, failed: 0, setAside: 0, isDown: false }, spool: null },
  ],
  problems: [
    {
      ...{
        code: 'sink.down',
        message: 'The receiver of forward does not accept records',
        since: '2026-01-02T02:00:00Z',
      },
      remedy: 'Check whether it is up, and whether the address and credentials of the sink are right.',
    },
  ],
};

function drawn(now: Now, screen: Partial<Screen> = {}, more: Partial<Seen> = {}): string[] {
  const seen = { url: 'http://127.0.0.1:9870', session: sessionShown, now, ...more };
  const text = drawSnapshot(seen, { columns: 80, rows: 24, hasColors: false, ...screen });
  expect(text.endsWith('\n')).toBe(true);
  return text.slice(0, -1).split('\n');
}

const words = (line: string | undefined) => line?.trim().split(/ {2,}/);

describe('what it draws', () => {
  test('all of it at 80 by 24, as the page shows it', () => {
    const [shown] = fencesOf('docs/operation.md').filter(({ mark }) => mark === 'commands/top.test.ts');
    expect(`${drawn(busy).join('\n')}\n`).toBe(shown!.text);
  });

  test('nothing wrong, nothing found, nothing received', () => {
    const lines = drawn(quiet);
    expect(lines[1]).toBe('Nothing is wrong; nothing high or critical found in the last hour.');
    expect(lines).toContain('none received since the start');
    expect(lines).toContain('LAG    nothing received in the last minutes');
    expect(lines).toContain('no sinks: records are returned in the reply');
    expect(lines.some((line) => line.startsWith('PROBLEMS'))).toBe(false);
  });

  test('rules that cannot be loaded, and a sidecar that does not answer, are shown', () => {
    const refused = { since: '2026-01-01T09:00:00Z', files: ['a.yml'] };
    expect(drawn({ ...quiet, refused }, { columns: 200 }).join('\n')).toContain(
      'since 01:00:00; what changed since 2026-01-01 09:00:00 cannot be loaded',
    );
    const lost = { since: new Date('2026-01-02T03:04:00Z'), message: 'ECONNREFUSED' };
    expect(drawn(quiet, {}, { lost })[1]).toBe('No answer since 03:04:00, the last state is below: ECONNREFUSED');
  });

  const hostile = `\u001b[2J\u202e${'ｗ'.repeat(300)}`;
  const many: Now = {
    ...busy,
    sinks: Array.from({ length: 40 }, (_, index) => ({ ...busy.sinks[0]!, name: `${hostile}${index}` })),
    problems: Array.from({ length: 30 }, () => ({ ...busy.problems[0]!, message: hostile, remedy: hostile })),
  };

  test.each([
    [80, 24],
    [40, 12],
    [20, 5],
    [300, 90],
    [1, 1],
  ])('any content fits %d by %d', (columns, rows) => {
    for (const now of [quiet, busy, many]) {
      const lines = drawn(now, { columns, rows });
      expect(lines.length).toBeLessThanOrEqual(rows);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
      expect(lines.join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  test('lines that do not fit are counted, and every part stays', () => {
    const lines = drawn(many, { columns: 80, rows: 24 });
    for (const head of ['PROBLEMS', 'RECORDS/S', 'FINDINGS', 'LAG', 'RULES', 'SINK']) {
      expect(lines.some((line) => line.startsWith(head))).toBe(true);
    }
    expect(lines.filter((line) => /^… \d+ more lines$/.test(line)).length).toBeGreaterThan(0);
    expect(lines).not.toContain('… 1 more lines');
  });

  test('colours add nothing but colours', () => {
    const plain = drawn(busy);
    const coloured = drawn(busy, { hasColors: true });
    expect(coloured.map((line) => stripVTControlCharacters(line))).toEqual(plain);
    expect(coloured).not.toEqual(plain);
  });
});

test('amounts and times are short, with their unit', () => {
  expect([0, 1284, 9999, 12_400, 1_250_000, 3e9].map(amount)).toEqual(['0', '1,284', '9,999', '12.4k', '1.3M', '3G']);
  expect([0, 0.04, 9.94, 512.4].map(rate)).toEqual(['0', '0.0', '9.9', '512']);
  expect([0, 1023, 1536, 2 ** 31].map(bytes)).toEqual(['0 B', '1023 B', '1.5 KiB', '2 GiB']);
  expect([0.41, 31, 75, 7260, 90_000, Number.NaN].map(duration)).toEqual([
    '0.4 s',
    '31 s',
    '1 min 15 s',
    '2 h 1 min',
    '1 d 1 h',
    '–',
  ]);
  expect(clock('no time', '2026-01-02T03:04:05Z')).toBe('no time');
});

describe('as a command', () => {
  let console: FakeConsole;
  beforeEach(async () => {
    console = await startFakeConsole();
    console.now = busy;
  });
  afterEach(() => console.close());

  const environment = () => ({ TRIPLINE_URL: console.url });
  const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';

  /** Runs it on a terminal; `exitTexts` are to be written if the process ends. */
  function onTerminal(until: (stdout: string) => void) {
    let stop!: (signal: string) => void;
    const exitTexts: (string | undefined)[] = [];
    const ran = run(['top'], {
      ...{ environment: environment(), columns: 80, rows: 24 },
      stopped: new Promise((resolve) => (stop = resolve)),
      onWrite: (stdout) => until(stdout),
      onExitText: (text) => exitTexts.push(text),
    });
    return { ran, exitTexts, stop: () => stop('SIGINT') };
  }

  test('the screen is redrawn, also while the sidecar does not answer, and left as it was', async () => {
    const top = onTerminal((stdout) => {
      const frames = stdout.split('\u001b[H').length - 1;
      if (frames === 1) console.refusal = { status: 503 };
      if (frames === 2) {
        console.refusal = undefined;
        console.now = quiet;
      }
      if (frames === 3) top.stop();
    });
    const { status, stdout, stderr } = await top.ran;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [enter, ...frames] = stdout.split('\u001b[H');
    expect(enter).toBe('\u001b[?1049h\u001b[?25l\u001b[?7l');
    const shown = frames.map((frame) => stripVTControlCharacters(frame).split('\n')[1]);
    expect(shown[0]).toMatch(/^One thing is wrong/);
    expect(shown[1]).toMatch(/^No answer since /);
    expect(shown[2]).toMatch(/^Nothing is wrong/);
    for (const frame of frames) expect(frame.split('\n').length).toBeLessThanOrEqual(24);
    expect(frames[2]!.endsWith(`\u001b[J${LEAVE}`)).toBe(true);
    expect(top.exitTexts).toEqual([LEAVE, undefined]);
    expect(console.asked.filter(({ path }) => path === 'session')).toHaveLength(2);
  });

  test('a refusal leaves the screen, then says why', async () => {
    const top = onTerminal(() => {
      console.refusal = { status: 401 };
    });
    const { status, stdout, stderr } = await top.ran;
    expect(stdout.endsWith(LEAVE)).toBe(true);
    expect([status, stderr]).toEqual([2, expect.stringContaining('asks for credentials')]);
  });

  test('a sidecar that cannot be reached at first opens no screen', async () => {
    console.refusal = { status: 503 };
    const { ran, exitTexts } = onTerminal(() => {});
    const { status, stdout } = await ran;
    expect({ status, stdout, exitTexts }).toEqual({ status: 2, stdout: '', exitTexts: [] });
  });

  test('in a pipe it is shown once, as text or as JSON', async () => {
    const { status, stdout } = await run(['top'], { environment: environment() });
    expect(status).toBe(0);
    expect(stdout).not.toContain('\u001b');
    expect(words(stdout.split('\n').find((line) => line.startsWith('forward')))).toEqual([
      ...['forward', 'down', '1,071', '2', '1', '12 waiting, 1.2 MiB, oldest 31 s'],
    ]);
    expect(JSON.parse((await run(['top', '-o', 'json'], { environment: environment() })).stdout)).toEqual(busy);
  });

  test('each example runs', async () => {
    for (const { line } of topCommand.examples) {
      const args = line.split(' | ')[0]!.split(' ').slice(1);
      expect(await run(args, { environment: environment() })).toMatchObject({ status: 0, stderr: '' });
    }
  });
});
