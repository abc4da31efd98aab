/** The frame around each page: navigation, state of the stream, and appearance. */

import { useEffect, useState } from 'preact/hooks';
import type { Session } from '../api.ts';
import { type PageName, printAddress } from './address.ts';
import { isSignedIn, signOut } from './client.ts';
import { Icon, type IconName, Mark } from './icon.tsx';
import { toggleDensity, togglePaused } from './keys.tsx';
import { connection, isPaused, waiting } from './live.ts';
import { count, duration, seconds } from './numbers.ts';
import { Button, Link } from './parts.tsx';
import { address, density, go, isKeysOpen, now, pageNames, session, theme } from './state.ts';

const pages = ['now', 'findings', 'why-not', 'rules', 'tune'] as const satisfies readonly (PageName & IconName)[];
const ownerOf: Partial<Record<PageName, PageName>> = { finding: 'findings', rule: 'rules' };

export function Rail() {
  const { page } = address.value;
  const grave = graveInLastHour();
  return (
    <nav class="rail" aria-label="Pages">
      <div class="brand">
        <Mark />
        <span>Tripline</span>
      </div>
      <ul>
        {pages.map((name) => (
          <li key={name}>
            <Link
              class="item"
              to={printAddress({ page: name })}
              aria-current={(ownerOf[page] ?? page) === name ? 'page' : undefined}
              title={pageNames[name]}
            >
              <Icon name={name} />
              <span class="label">{pageNames[name]}</span>
              {name === 'findings' && grave > 0 ? (
                <span class="n" title="high or critical, last hour">
                  {grave > 99 ? '99+' : grave}
                  <span class="sr"> high or critical in the last hour</span>
                </span>
              ) : null}
            </Link>
          </li>
        ))}
      </ul>
      {session.value === undefined ? null : <About {...session.value} />}
    </nav>
  );
}

function graveInLastHour(): number {
  const from = Date.now() - 3600_000;
  const bins = now.value?.findings ?? [];
  return bins
    .filter(({ level, mode, from: at }) => mode === 'live' && /^(high|critical)$/.test(level) && Date.parse(at) >= from)
    .reduce((sum, bin) => sum + bin.count, 0);
}

function About({ version, started, ruleset }: Session) {
  return (
    <div class="foot">
      <div>
        rule set <code>{(now.value?.ruleset ?? ruleset).slice(0, 12)}</code>
      </div>
      <div>
        {now.value === undefined ? '' : `${count(now.value.rules)} rules · `}
        {version}
      </div>
      <div>up {duration(Date.now() - Date.parse(started))}</div>
    </div>
  );
}

export function Top() {
  const { page } = address.value;
  const lag = now.value?.lag.p99;
  return (
    <header class="top">
      {page === 'findings' || page === 'finding' ? <strong>{pageNames[page]}</strong> : <Search />}
      <span class="space" />
      {lag === undefined ? null : (
        <span class="num two hide-sm" title="from the event to its receipt, 99th percentile">
          lag <strong>{seconds(lag)}</strong>
        </span>
      )}
      <Stream />
      <Clock />
      <Button
        class="icon ghost hide-sm"
        aria-label={density.value === 'compact' ? 'Rows: comfortable' : 'Rows: compact'}
        title="Density (d)"
        onClick={toggleDensity}
      >
        <Icon name="rows" />
      </Button>
      <Button
        class="icon ghost hide-sm"
        aria-label="Keyboard"
        title="Keyboard (?)"
        onClick={() => {
          isKeysOpen.value = true;
        }}
      >
        <Icon name="keyboard" />
      </Button>
      <Theme />
      {isSignedIn.value ? (
        <Button class="icon ghost" aria-label="Sign out" title="Sign out" onClick={signOut}>
          <Icon name="leave" />
        </Button>
      ) : null}
    </header>
  );
}

function Search() {
  return (
    <label class="field search">
      <Icon name="search" size={14} />
      <input
        type="search"
        placeholder="Search findings"
        aria-label="Search findings"
        autocomplete="off"
        spellcheck={false}
        onKeyDown={({ key, currentTarget }) => {
          if (key === 'Enter') go(printAddress({ page: 'findings', query: { q: currentTarget.value } }));
        }}
      />
      <kbd class="hide-sm">/</kbd>
    </label>
  );
}

function Stream() {
  const isLost = connection.value.state === 'lost';
  const { count: waits } = waiting.value;
  const word = isPaused.value ? (waits > 0 ? `Paused · ${count(waits)} new` : 'Paused') : 'Live';
  return (
    <Button
      class={`live ${isLost ? 'lost' : isPaused.value ? 'paused' : 'on'}`}
      aria-pressed={isPaused.value}
      title={isPaused.value ? 'Resume the stream (p)' : 'Pause the stream (p)'}
      onClick={togglePaused}
    >
      <span class="dot" />
      <span>{isLost ? 'Disconnected' : word}</span>
      <Icon name={isPaused.value ? 'play' : 'pause'} size={12} />
      <span class="sr">{isPaused.value ? ', resume the stream' : ', pause the stream'}</span>
    </Button>
  );
}

function Clock() {
  const [time, setTime] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setTime(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const text = new Date(time).toISOString();
  return (
    <time class="num dim hide-sm" dateTime={text}>
      {text.slice(11, 19)} UTC
    </time>
  );
}

const nextTheme = { system: 'light', light: 'dark', dark: 'system' } as const;
const themeIcons = { system: 'screen', light: 'sun', dark: 'moon' } as const;

function Theme() {
  const next = nextTheme[theme.value];
  return (
    <Button
      class="icon ghost"
      aria-label={`Colours: ${theme.value}; change to ${next}`}
      title={`Colours: ${theme.value}`}
      onClick={() => {
        theme.value = next;
      }}
    >
      <Icon name={themeIcons[theme.value]} />
    </Button>
  );
}
