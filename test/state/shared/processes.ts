/** Processes with a store on a server, and their operations there. */
import { pino } from 'pino';
import { type Link, openLink } from '../../../src/state/shared/link.ts';
import { sharedStore } from '../../../src/state/shared/store.ts';
import { keyNames } from '../../../src/state/shared/stored.ts';
import type { View } from '../../../src/state/shared/view.ts';
import type { Change, Space } from '../../../src/state/store.ts';
import type { FakeServer } from './fake-server.ts';

export const space: Space = { name: 'c@1', lifetime: 1000 };
export const forever: Space = { name: 'clocks', lifetime: null };
export const names = keyNames('t');
export const keyOf = (key: string, of = space) => names.of(of, key);
const timeout = 60;

const links: Link[] = [];

/** To be called after each test. */
export function closeAll(): void {
  for (const link of links.splice(0)) link.close();
}

/** A process with a store on the server. */
export async function opened(server: FakeServer, maxCharacters?: number) {
  const logged: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void logged.push(JSON.parse(line).msg) });
  const changes: (string | undefined)[] = [];
  const onChange = (outage: { code: string } | undefined) => void changes.push(outage?.code);
  const link = await openLink(server.connect, { timeout, logger, onChange, retryAfter: 10 });
  links.push(link);
  const exchanges: string[] = [];
  const forgotten: string[] = [];
  const store = sharedStore({
    ...{ link, names, maxCharacters },
    onExchange: (result) => void exchanges.push(result),
    onForgotten: (name, why) => void forgotten.push(`${name} ${why}`),
  });
  return { link, store, exchanges, forgotten, logged, changes, transaction: store.transaction };
}

export const put = (view: View, key: string, value: unknown, more: Partial<Change> = {}) =>
  view.commit({ space, key, value, entries: 1, bytes: 10, place: '', at: 1, ...more });

/** Adds to a number; returns its value before. */
export const add =
  (key: string, more = 1) =>
  async (view: View) => {
    const before = (view.load(space, key) as number | undefined) ?? 0;
    put(view, key, before + more);
    return before;
  };
