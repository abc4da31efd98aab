/** State shared by the whole page: its address, its appearance, and what it announces. */
import { computed, effect, signal } from '@preact/signals';
import type { Now, Session } from '../api.ts';
import { type Address, type PageName, parseAddress, printAddress, type Query } from './address.ts';
import type { ApiProblem } from './client.ts';

export const address = signal<Address>(parseAddress(location.pathname, location.search));

addEventListener('popstate', () => {
  address.value = parseAddress(location.pathname, location.search);
});

/** @param to a path of this page, with its query
 * @param how `replace` for what is typed, `push` for what is chosen */
export function go(to: string, how: 'push' | 'replace' = 'push'): void {
  if (to === location.pathname + location.search) return;
  if (how === 'push') history.pushState(null, '', to);
  else history.replaceState(null, '', to);
  address.value = parseAddress(location.pathname, location.search);
}

/** Changes parts of the current page's query; undefined removes one. */
export function choose(changes: Query, how: 'push' | 'replace' = 'push'): void {
  const { page, query, ...rest } = address.value;
  go(printAddress({ page, ...rest, query: { ...query, ...changes } }), how);
}

/** The list that a finding was opened from, to go back to. */
export const listAddress = signal(printAddress({ page: 'findings' }));
effect(() => {
  const { page, query } = address.value;
  if (page === 'findings') listAddress.value = printAddress({ page, query });
});

/** The findings of that list, as far as they were loaded, and how many there are. */
export const listed = signal<{ ids: readonly string[]; total: number }>({ ids: [], total: 0 });

export const session = signal<Session | undefined>(undefined);
/** First as loaded, then the latest from the stream. */
export const now = signal<Now | undefined>(undefined);
/** Why it cannot be loaded. */
export const nowProblem = signal<ApiProblem | undefined>(undefined);

/** A setting that is kept in localStorage under its name. */
function kept<Value extends string>(name: string, values: readonly [Value, ...Value[]]) {
  const key = `tripline.${name}`;
  const found = values.find((value) => value === localStorage.getItem(key));
  const setting = signal<Value>(found ?? values[0]);
  effect(() => localStorage.setItem(key, setting.value));
  return setting;
}

export const theme = kept('theme', ['system', 'light', 'dark']);
export const density = kept('density', ['comfortable', 'compact']);
/** Whether single-key shortcuts are active. */
export const keys = kept('keys', ['on', 'off']);
/** Whether the selected finding is shown beside the list, if there is space. */
export const beside = kept('beside', ['on', 'off']);

const systemDark = matchMedia('(prefers-color-scheme: dark)');
const isSystemDark = signal(systemDark.matches);
systemDark.addEventListener('change', ({ matches }) => {
  isSystemDark.value = matches;
});
export const isDark = computed(() => (theme.value === 'system' ? isSystemDark.value : theme.value === 'dark'));
effect(() => {
  document.documentElement.dataset.theme = isDark.value ? 'dark' : 'light';
  document.documentElement.dataset.density = density.value;
});

/** Read out by screen readers when there is a pause. */
export const said = signal('');
export function say(text: string): void {
  // Setting the same text again is no change, and would not be read out.
  said.value = said.value === text ? `${text}\u00a0` : text;
}

export const isKeysOpen = signal(false);

/** Incremented when the current page should reload its data. */
export const refreshes = signal(0);

export const pageNames: Record<PageName, string> = {
  now: 'Now',
  findings: 'Findings',
  finding: 'Finding',
  'why-not': 'Why not',
  rules: 'Rules',
  rule: 'Rule',
  tune: 'Tune',
  unknown: 'No such page',
};
