/** The stream of new findings: read with fetch, since an EventSource cannot send a credential. */
import { computed, effect, signal } from '@preact/signals';
import type { FindingRow, Now, StreamFindings } from '../api.ts';
import { findingsPart, printQuery } from './address.ts';
import { ApiProblem, ask, isSignInNeeded } from './client.ts';
import { EventStreamReader } from './event-stream.ts';
import { plural } from './numbers.ts';
import { address, now, say } from './state.ts';
import { levels } from './trip-line.ts';
import { plainText } from './untrusted.ts';

/** `since` and `retryAt` in Unix milliseconds. */
export type Connection = { state: 'opening' | 'open' } | { state: 'lost'; since: number; retryAt: number };

export const connection = signal<Connection>({ state: 'opening' });
export const isPaused = signal(false);
/** Findings that match the chosen filters and arrived since the list was loaded. */
export const waiting = signal<Waiting>({ count: 0, isGap: false });

export interface Waiting {
  count: number;
  /** Whether some that arrived are no longer in the ring, or were not sent. */
  isGap: boolean;
}

/** Minimum time between announcements to screen readers. */
const quietMilliseconds = 15_000;
const longestRetry = 15_000;

/** The query of the stream: on the findings page, the filters chosen there. */
const wanted = computed(() =>
  address.value.page === 'findings' ? printQuery({ ...findingsPart(address.value.query), sort: '' }) : '',
);

export function takeWaiting(): void {
  waiting.value = { count: 0, isGap: false };
}

/** Reads the stream until the page is left. */
export function openStream(): void {
  effect(() => {
    const query = wanted.value;
    if (isSignInNeeded.value) return;
    const stop = new AbortController();
    takeWaiting();
    // Typing changes the query with each letter.
    const timer = setTimeout(() => follow(query, stop.signal), 200);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  });
}

async function follow(query: string, signal: AbortSignal): Promise<void> {
  const reader = new EventStreamReader();
  let delay = 1000;
  while (!signal.aborted) {
    try {
      const headers: Record<string, string> = { accept: 'text/event-stream' };
      if (reader.lastEventId !== '') headers['last-event-id'] = reader.lastEventId;
      const reply = await ask(query === '' ? 'stream' : `stream?${query}`, { signal, headers });
      connection.value = { state: 'open' };
      delay = 1000;
      const texts = reply.body!.pipeThrough(new TextDecoderStream()).getReader();
      for (let piece = await texts.read(); !piece.done; piece = await texts.read()) {
        for (const { type, data } of reader.read(piece.value)) receive(type, data);
      }
    } catch (error) {
      // The page that requests the same data shows the reason; all that matters here is whether a retry can help.
      if (error instanceof ApiProblem && isFinal(error.status)) return;
    }
    if (signal.aborted) return;
    const since = connection.value.state === 'lost' ? connection.value.since : Date.now();
    connection.value = { state: 'lost', since, retryAt: Date.now() + delay };
    await new Promise((resolve) => setTimeout(resolve, delay));
    delay = Math.min(delay * 2, longestRetry);
  }
}

function isFinal(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429;
}

function receive(type: string, data: string): void {
  if (type === 'now' && !isPaused.value) now.value = JSON.parse(data) as Now;
  if (type === 'findings') {
    const { findings, omitted, isGap } = JSON.parse(data) as StreamFindings;
    const came = findings.length + omitted;
    waiting.value = { count: waiting.value.count + came, isGap: waiting.value.isGap || isGap };
    if (findings.length > 0) announce(findings);
  }
}

const mostUnannounced = 500;
let lastAnnounced = -Infinity;
let unannounced: FindingRow[] = [];

function announce(findings: readonly FindingRow[]): void {
  unannounced = [...unannounced, ...findings].slice(-mostUnannounced);
  if (isPaused.value || Date.now() - lastAnnounced < quietMilliseconds) return;
  const gravest = unannounced.toSorted((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level))[0]!;
  say(`${plural(unannounced.length, 'new finding')}, gravest ${gravest.level}: ${plainText(gravest.title, 80)}`);
  lastAnnounced = Date.now();
  unannounced = [];
}
