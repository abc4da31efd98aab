/** The record as it was received, with the inserted part marked, and other views of it. */
import { useMemo, useRef, useState } from 'preact/hooks';
import type { FindingPage } from '../api.ts';
import { Icon } from './icon.tsx';
import { hexLines, jsonLines, type Line, type TokenKind, textOf } from './json-lines.ts';
import { bytes as byteCount, count } from './numbers.ts';
import { Button, copy, Panel, Untrusted } from './parts.tsx';
import { escapedJson, longest } from './untrusted.ts';

const views = ['record', 'bytes', 'finding', 'event'] as const;
type View = (typeof views)[number];
/** More lines would slow the page down; copying includes all of them. */
const mostLines = 2000;
const mostHexLines = 1000;
/** Lines that are drawn at first. */
const firstLines = 300;

export function RecordView({ page, id }: { page: FindingPage; id?: string }) {
  const [view, setView] = useState<View>('record');
  const [isLong, setIsLong] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const raw = useMemo(() => (page.record === null ? undefined : bytesOf(page.record)), [page.record]);
  const tag = page.tag ?? { start: 0, end: 0 };
  const isText = /json|text/.test(page.mediaType);
  const text = raw !== undefined && isText ? textOf(raw, tag) : undefined;
  const value = { finding: page.finding, event: page.normalized };
  const isOffered: Record<View, boolean> = {
    record: text !== undefined,
    bytes: raw !== undefined,
    finding: true,
    event: page.normalized !== null,
  };
  const offered = views.filter((name) => isOffered[name]);
  const shown = isOffered[view] ? view : offered[0]!;
  const asText = shown === 'record' ? text!.text : shown === 'bytes' ? undefined : JSON.stringify(value[shown]);

  const toTag = () => {
    if (shown === 'finding' || shown === 'event') setView(offered[0]!);
    setIsLong(true);
    requestAnimationFrame(() => {
      const scroller = box.current?.querySelector<HTMLElement>('.json');
      const first = scroller?.querySelector<HTMLElement>('.ours');
      if (scroller && first) scroller.scrollTop = first.offsetTop - 60;
    });
  };
  const added = tag.end - tag.start;
  const sub =
    raw === undefined
      ? 'too large to be kept'
      : `${page.mediaType}, ${byteCount(raw.length)}${added > 0 ? `, ${count(added)} bytes of it are the tag` : ''}`;
  return (
    <Panel
      title="Record"
      id={id ?? ''}
      sub={sub}
      actions={
        <>
          {raw !== undefined && added > 0 ? <Button onClick={toTag}>To the tag</Button> : null}
          <div class="seg" role="group" aria-label="What to show">
            {offered.map((name) => (
              <button key={name} type="button" aria-pressed={name === shown} onClick={() => setView(name)}>
                {name}
              </button>
            ))}
          </div>
          {asText === undefined ? null : (
            <Button class="icon" aria-label="Copy what is shown" onClick={() => copy(escapedJson(asText), 'JSON')}>
              <Icon name="copy" size={13} />
            </Button>
          )}
        </>
      }
    >
      <div ref={box}>
        {shown === 'bytes' ? (
          <Hex bytes={raw!} tag={tag} />
        ) : (
          <Json
            text={asText!}
            label={`The ${shown}`}
            ours={shown === 'record' ? { start: text!.start, end: text!.end } : undefined}
            most={isLong ? mostLines : firstLines}
            more={() => setIsLong(true)}
          />
        )}
      </div>
    </Panel>
  );
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

const tokenClasses: Record<TokenKind, string> = { name: 'k', string: 's', number: 'd', word: 'w', mark: '' };

interface JsonProps {
  text: string;
  label: string;
  /** The inserted characters. */
  ours: { start: number; end: number } | undefined;
  most: number;
  more: () => void;
}

export function Json({ text, label, ours, most, more }: JsonProps) {
  const { lines, isCut } = useMemo(() => jsonLines(text, most), [text, most]);
  const isOurs = ({ start }: Line) => ours !== undefined && start >= ours.start && start < ours.end;
  return (
    <section class="json" aria-label={label} tabIndex={0}>
      <ol>
        {lines.map((line, index) => (
          <li key={index} class={isOurs(line) ? 'ours' : undefined}>
            {'  '.repeat(Math.min(line.depth, 30))}
            {line.tokens.map((token, place) => (
              <Token key={place} {...token} />
            ))}
          </li>
        ))}
      </ol>
      {isCut ? (
        <p class="rest">
          <Button onClick={more}>{most < mostLines ? 'Show more lines' : 'There is more: copy it to see all'}</Button>
        </p>
      ) : null}
    </section>
  );
}

function Token({ kind, text }: { kind: TokenKind; text: string }) {
  if (kind === 'mark') return <>{text === ',' ? ', ' : text}</>;
  if (kind !== 'string' && kind !== 'name')
    return <span class={tokenClasses[kind]}>{text.slice(0, longest.fact)}</span>;
  return (
    <span class={tokenClasses[kind]}>
      <Untrusted text={text} max={longest.json} />
    </span>
  );
}

function Hex({ bytes, tag }: { bytes: Uint8Array; tag: { start: number; end: number } }) {
  const lines = useMemo(() => hexLines(bytes, mostHexLines), [bytes]);
  return (
    <section class="json hex" aria-label="The bytes" tabIndex={0}>
      <ol>
        {lines.map(({ start, hex, text }) => (
          <li key={start} class={start + 16 > tag.start && start < tag.end ? 'ours' : undefined}>
            {start.toString(16).padStart(6, '0')} {hex.padEnd(48)} {text}
          </li>
        ))}
      </ol>
      {bytes.length > lines.length * 16 ? (
        <p class="rest dim">and {byteCount(bytes.length - lines.length * 16)} more</p>
      ) : null}
    </section>
  );
}
