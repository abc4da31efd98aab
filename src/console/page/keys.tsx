/** Keys that work wherever the focus is, and the dialog that lists them. */
import { useLayoutEffect } from 'preact/hooks';
import type { PageName } from './address.ts';
import { printAddress } from './address.ts';
import { Dialog } from './dialog.tsx';
import { isPaused } from './live.ts';
import { copy } from './parts.tsx';
import { address, density, go, isKeysOpen, keys, listAddress, say } from './state.ts';

/** What the current page does for a key; returns false if it does not handle the key after all. */
export type PageKeys = Partial<Record<string, (event: KeyboardEvent) => boolean | undefined>>;

let pageKeys: PageKeys = {};

/** Sets key handlers while a page is shown. */
export function usePageKeys(of: PageKeys): void {
  // Must run before the next key, which may be pressed before the page is painted.
  useLayoutEffect(() => {
    pageKeys = of;
    return () => {
      if (pageKeys === of) pageKeys = {};
    };
  });
}

const goes: Record<string, PageName> = { n: 'now', f: 'findings', w: 'why-not', r: 'rules', t: 'tune' };
/** Milliseconds in which a second key belongs to the first. */
const chordTime = 900;
let chordUntil = 0;

export function togglePaused(): void {
  isPaused.value = !isPaused.value;
  say(isPaused.value ? 'The stream is paused; new findings are counted, not shown' : 'The stream is running');
}

export function toggleDensity(): void {
  density.value = density.value === 'compact' ? 'comfortable' : 'compact';
  say(`Rows are ${density.value}`);
}

const everywhere: Record<string, () => void> = {
  '/': () => document.querySelector<HTMLInputElement>('input[type=search]')?.focus(),
  '?': () => {
    isKeysOpen.value = true;
  },
  p: togglePaused,
  d: toggleDensity,
  y: () => copy(location.href, 'Link'),
  g: () => {
    chordUntil = Date.now() + chordTime;
  },
};

function isTyping({ target }: KeyboardEvent): boolean {
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

export function listenForKeys(): void {
  addEventListener('keydown', (event) => {
    if (
      event.defaultPrevented ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      document.querySelector('dialog[open]')
    )
      return;
    if (event.key === 'Escape') {
      goBack(event);
      return;
    }
    if (isTyping(event) || keys.value === 'off') return;
    if (Date.now() < chordUntil) {
      chordUntil = 0;
      const page = goes[event.key];
      if (page === undefined) return;
      event.preventDefault();
      go(printAddress({ page }));
      return;
    }
    const isControl = event.target instanceof Element && event.target.closest('button, a, summary, input') !== null;
    // Space and Enter are for the control that has the focus.
    if (isControl && (event.key === ' ' || event.key === 'Enter')) return;
    const act = pageKeys[event.key] ?? everywhere[event.key];
    if (act === undefined || act(event) === false) return;
    event.preventDefault();
  });
}

function goBack(event: KeyboardEvent): void {
  const { page } = address.value;
  if (isTyping(event)) (event.target as HTMLElement).blur();
  else if (pageKeys.Escape !== undefined) pageKeys.Escape(event);
  else if (page === 'finding') go(listAddress.value);
  else if (page === 'rule') go(printAddress({ page: 'rules' }));
}

const described: [string, string][] = [
  ['/', 'search'],
  ['j k', 'next, previous'],
  ['Enter', 'open the finding'],
  ['Space', 'show it beside the list'],
  ['[ ]', 'previous, next finding'],
  ['e', 'explanation'],
  ['r', 'record'],
  ['t', 'tune from this finding'],
  ['y', 'copy the link'],
  ['p', 'pause, resume'],
  ['n', 'show what is new'],
  ['f', 'filters'],
  ['d', 'density'],
  ['g n', 'go to Now'],
  ['g f', 'go to Findings'],
  ['g w', 'go to Why not'],
  ['g r', 'go to Rules'],
  ['g t', 'go to Tune'],
  ['Esc', 'back'],
  ['?', 'this list'],
];

export function KeysDialog() {
  if (!isKeysOpen.value) return null;
  const close = () => {
    isKeysOpen.value = false;
  };
  return (
    <Dialog title="Keyboard" close={close}>
      <dl class="keys">
        {described.map(([key, what]) => (
          <div key={key}>
            <dt>
              {key.split(' ').map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input
          type="checkbox"
          checked={keys.value === 'on'}
          onChange={({ currentTarget }) => {
            keys.value = currentTarget.checked ? 'on' : 'off';
          }}
        />
        <span>Single-key shortcuts. Off: only Tab, Enter, Esc and the arrow keys work.</span>
      </label>
    </Dialog>
  );
}
