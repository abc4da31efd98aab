/** `tripline top`: how a running sidecar is doing, on a screen that is redrawn each second. */
import { setTimeout as sleep } from 'node:timers/promises';
import { jsonText, outputOption } from '../../command-line/output-format.ts';
import type { Output } from '../../command-line/process-io.ts';
import type { Now, Session } from '../../console/api.ts';
import { type ConsoleClient, consoleOptions, openConsoleClient, Unavailable } from '../../console-client/index.ts';
import { defineCommand } from '../command.ts';
import { drawSnapshot, type Seen } from './draw.ts';

const EVERY_MILLISECONDS = 1000;

/** Switches to the alternate screen, without cursor; lines that are too long end at its edge. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';

export const topCommand = defineCommand({
  name: 'top',
  summary: 'shows the state of a running sidecar: problems, records, findings, lag, sinks and rules',
  operands: '',
  count: { least: 0, most: 0 },
  about:
    'Asks the console of a sidecar every second, and shows what its first page shows, until it is interrupted ' +
    '(Ctrl-C): what is wrong and what to do, records per second by platform and verdict as a mean of the last ' +
    'ten, findings by level, the time from an event to its receipt, what sinks have sent and what waits in ' +
    'their spools, and the rules.\n\n' +
    'If stdout is not a terminal, or another form is requested, it shows the current state once.',
  options: {
    output: outputOption(['table', 'json'], 'table, which is a screen on a terminal, and text once in a pipe'),
    ...consoleOptions,
  },
  exitCodes: {
    '0': 'it was interrupted; in a pipe, everything was shown',
    '2': 'the sidecar cannot be reached, or refuses the request',
  },
  examples: [
    { purpose: 'the state of the sidecar', line: 'tripline top' },
    { purpose: 'what is wrong, for a script', line: "tripline top -o json | jq -r '.problems[].message'" },
  ],
  async run({ options }, io) {
    const { stdout } = io;
    const interrupted = new AbortController();
    const { signal } = interrupted;
    const client = openConsoleClient(options, io.environment, signal);
    const first = await see(client);
    if (options.output === 'json') {
      await stdout.write(`${jsonText(first.now)}\n`);
      return 0;
    }
    if (stdout.columns === undefined) {
      await stdout.write(drawSnapshot(first, { columns: undefined, rows: undefined, hasColors: stdout.hasColors }));
      return 0;
    }
    io.stopped().then(() => interrupted.abort());
    io.onHangup(() => interrupted.abort());
    io.writeAtExit(LEAVE);
    try {
      await stdout.write(ENTER);
      await watch(client, first, { stdout, signal });
    } finally {
      io.writeAtExit(undefined);
      await stdout.write(LEAVE);
    }
    return 0;
  },
});

async function see(client: ConsoleClient): Promise<Seen> {
  const [session, now] = await Promise.all([client.get<Session>('session'), client.get<Now>('now')]);
  return { url: client.url, session, now };
}

/** Draws until aborted. A sidecar that does not answer is asked again, while the last state seen of it stays on the screen.
 * @throws UsageError if it refuses */
async function watch(
  client: ConsoleClient,
  first: Seen,
  { stdout, signal }: { stdout: Output; signal: AbortSignal },
): Promise<void> {
  let seen = first;
  while (!signal.aborted) {
    const lines = drawSnapshot(seen, stdout).trimEnd().split('\n');
    await stdout.write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join('\n')}\x1b[J`);
    await sleep(EVERY_MILLISECONDS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    try {
      // It may be another process by now.
      seen = seen.lost === undefined ? { ...seen, now: await client.get<Now>('now') } : await see(client);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Unavailable)) throw error;
      seen = { ...seen, lost: { since: seen.lost?.since ?? new Date(), message: error.message } };
    }
  }
}
