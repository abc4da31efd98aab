/** Small parts that all pages are made of. */
import type { ButtonHTMLAttributes, ComponentChildren, HTMLAttributes } from 'preact';
import type { Level as LevelName } from '../../record.ts';
import type { FindingRow, SummaryPart } from '../api.ts';
import type { ApiProblem } from './client.ts';
import { Icon, type IconName } from './icon.tsx';
import { ago, brief, clock, plural } from './numbers.ts';
import { go, say } from './state.ts';
import { withoutBrackets } from './summary.ts';
import { longest, piecesOf, plainText } from './untrusted.ts';

/** Text of a record: isolated, with invisible characters as code points, and the full length if it is cut. */
export function Untrusted({ text, max = longest.heading }: { text: string; max?: number }) {
  return (
    <bdi>
      {piecesOf(text, max).map((piece, index) => {
        if (piece.kind === 'break') return <wbr key={index} />;
        if (piece.kind === 'cut') {
          return (
            <span key={index} class="more">
              … {plural(piece.length, 'character')}
            </span>
          );
        }
        if (piece.kind === 'text') return piece.text;
        return (
          <span key={index} class="cp" title="invisible character">
            {piece.text}
          </span>
        );
      })}
    </bdi>
  );
}

type LinkProps = Omit<HTMLAttributes<HTMLAnchorElement>, 'role' | 'onClick'> & {
  to: string;
  children: ComponentChildren;
};

/** A link within the page: its address always comes from printAddress. */
export function Link({ to, children, ...rest }: LinkProps) {
  const open = (event: MouseEvent) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a {...rest} href={to} onClick={open}>
      {children}
    </a>
  );
}

/** A letter, a shape, a fill, and the word: beside it, or only for screen readers. */
export function Level({
  level,
  mode,
  isBrief = false,
}: {
  level: LevelName;
  mode?: 'live' | 'shadow' | 'off';
  isBrief?: boolean;
}) {
  const isShadow = mode === 'shadow';
  return (
    <span class={`lv ${level}${isShadow ? ' shadow' : ''}`}>
      <i aria-hidden="true">{level[0]!.toUpperCase()}</i>
      <span class={isBrief ? 'sr' : 'word'}>{isShadow ? `${level} · shadow` : level}</span>
    </span>
  );
}

export function Time({ time, class: name = '' }: { time: string; class?: string }) {
  const at = Date.parse(time);
  if (Number.isNaN(at)) return <span class={`num ${name}`}>–</span>;
  return (
    <time class={`num ${name}`} dateTime={time} title={`${new Date(at).toISOString()} · ${ago(at, Date.now())}`}>
      {clock(at, Date.now())}
    </time>
  );
}

export function timeOf({ time, received }: FindingRow): string {
  return time ?? received;
}

const serviceAccount = 'system:serviceaccount:';

/** In lists, the common prefix of service accounts is a chip: an element, which no name can imitate. */
function Identity({ name, max, isList }: { name: string; max: number; isList: boolean }) {
  const rest = name.startsWith(serviceAccount) ? name.slice(serviceAccount.length) : '';
  if (rest === '') {
    return (
      <b>
        <Untrusted text={name} max={max} />
      </b>
    );
  }
  return (
    <span title={plainText(name, 200)}>
      {isList ? (
        <span class="sa">
          <span aria-hidden="true">sa</span>
          <span class="sr">service account </span>
        </span>
      ) : (
        <span class="pre">{serviceAccount}</span>
      )}
      <b>
        <Untrusted text={rest} max={max} />
      </b>
    </span>
  );
}

/** A summary, with values from the record set apart from the words of the rule.
 * @param without the identity that the context already names: left out if the sentence begins with it */
export function Sentence({
  parts,
  max = longest.heading,
  isList = false,
  without,
}: {
  parts: readonly SummaryPart[];
  max?: number;
  isList?: boolean;
  without?: string | undefined;
}) {
  const shown = withoutBrackets(parts);
  const first = shown.findIndex((part) => part !== '');
  const isLeftOut = (part: SummaryPart, index: number) =>
    index === first && typeof part !== 'string' && part.field === 'username' && part.value === without;
  return (
    <>
      {shown.map((part, index) => {
        if (isLeftOut(part, index)) return null;
        if (typeof part === 'string') return part;
        if (part.field === 'username') return <Identity key={index} name={part.value} max={max} isList={isList} />;
        return (
          <b key={index}>
            <Untrusted text={part.value} max={max} />
          </b>
        );
      })}
    </>
  );
}

export function Novelty({ novelty }: Pick<FindingRow, 'novelty'>) {
  if (novelty === null) return <span class="dim">–</span>;
  if (novelty.times > 0) {
    return (
      <span title={novelty.since === null ? undefined : `since ${novelty.since}`}>{brief(novelty.times)}× before</span>
    );
  }
  return (
    <span class="tag new" title="this rule, this identity, this kind of object: never before">
      first time
    </span>
  );
}

type ButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'class' | 'type'> & { class?: string };

export function Button({ class: name = '', ...rest }: ButtonProps) {
  return <button type="button" class={`btn ${name}`} {...rest} />;
}

export function Panel({
  title,
  sub,
  actions,
  id,
  class: name = '',
  children,
}: {
  title: string;
  sub?: ComponentChildren;
  actions?: ComponentChildren;
  id?: string;
  class?: string;
  children: ComponentChildren;
}) {
  return (
    <section class={`panel ${name}`} aria-label={title} id={id}>
      <header>
        <h2>{title}</h2>
        {sub === undefined ? null : <span class="dim">{sub}</span>}
        {actions === undefined ? null : <div class="acts">{actions}</div>}
      </header>
      {children}
    </section>
  );
}

export function Note({
  kind,
  icon,
  role,
  children,
}: {
  kind: 'ok' | 'warn' | 'bad';
  icon: IconName;
  role?: 'alert';
  children: ComponentChildren;
}) {
  return (
    <div class={`note ${kind}`} role={role}>
      <Icon name={icon} />
      <div>{children}</div>
    </div>
  );
}

export function Blank({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="blank">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** A problem reported by the API: its message, what to do, and what happens to records meanwhile. */
export function Failure({ what, problem }: { what: string; problem: ApiProblem }) {
  return (
    <Note kind="bad" icon="warn" role="alert">
      <p>
        <strong>
          {what} cannot be read: {problem.code}.
        </strong>{' '}
        <Untrusted text={problem.message} max={longest.fact} />
      </p>
      <p>{problem.remedy} Records are tagged and delivered whether or not this page can be read.</p>
    </Note>
  );
}

/** Grey placeholder lines for something that is loading. */
export function Waiting({ what, lines = 8 }: { what: string; lines?: number }) {
  return (
    <div class="skels" aria-busy="true">
      <span class="sr">Loading {what}</span>
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} class={`skel w${index % 4}`} />
      ))}
    </div>
  );
}

export function Heading({ children, class: name }: { children: ComponentChildren; class?: string }) {
  return (
    <h1 tabIndex={-1} class={name}>
      {children}
    </h1>
  );
}

export async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(`${what} copied`);
  } catch {
    say('The browser does not allow copying here');
  }
}
