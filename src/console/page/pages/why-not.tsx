/** Why a record did not match, and whether the log can show it at all. */
import { useEffect, useState } from 'preact/hooks';
import type { WhyNot as Answer, WhyNotRule } from '../../api.ts';
import { printAddress } from '../address.ts';
import { type ApiProblem, askJson } from '../client.ts';
import { countPredicates, stopOf } from '../explained.ts';
import { Icon } from '../icon.tsx';
import { problemOf } from '../loaded.ts';
import { count, plural } from '../numbers.ts';
import { Blank, Button, Failure, Heading, Level, Link, Note, Panel, Untrusted, Waiting } from '../parts.tsx';
import { address, choose, go, session } from '../state.ts';
import { Sign, Tree } from '../tree.tsx';
import { longest } from '../untrusted.ts';

const answers = ['all', 'matches', 'undecided', 'silenced', 'ignores'] as const;
const truths = { matches: true, ignores: false, silenced: false, undecided: 'unknown' } as const;
const order = ['matches', 'silenced', 'undecided', 'ignores'];
/** Rules that are drawn at once. */
const mostRules = 500;

type State =
  | { kind: 'none' }
  | { kind: 'asking' }
  | { kind: 'answered'; answer: Answer }
  | { kind: 'failed'; problem: ApiProblem };

export function WhyNot() {
  const { auditID, answer: wanted = 'all' } = address.value.query;
  const [record, setRecord] = useState('');
  const [state, setState] = useState<State>({ kind: 'none' });

  const ask = async (path: string, body?: unknown) => {
    setState({ kind: 'asking' });
    try {
      setState({ kind: 'answered', answer: await askJson<Answer>(path, body === undefined ? {} : { body }) });
    } catch (error) {
      setState({ kind: 'failed', problem: problemOf(error) });
    }
  };
  useEffect(() => {
    if (auditID) void ask(`why-not?auditID=${encodeURIComponent(auditID)}`);
  }, [auditID]);
  const send = () => {
    if (record.trim() === '') return;
    // A pasted record must never appear in an address.
    if (auditID) choose({ auditID: undefined });
    void ask('why-not', { record });
  };
  return (
    <div class="page">
      <div class="pagehead">
        <Heading>Why not</Heading>
        <span class="sub">Per rule: why a record matched it, or did not.</span>
      </div>
      <div class="cols whynot">
        <div class="stack">
          <Panel title="A record" sub="as it came; it is not kept">
            <form
              class="body stack"
              onSubmit={(event) => {
                event.preventDefault();
                send();
              }}
            >
              <label class="labelled">
                <span>One record: JSON, in whatever wrapper its platform puts around it</span>
                <textarea
                  value={record}
                  spellcheck={false}
                  onInput={({ currentTarget }) => setRecord(currentTarget.value)}
                  onKeyDown={(event) => {
                    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) send();
                  }}
                />
              </label>
              <div class="chips">
                <button type="submit" class="btn pri">
                  Ask
                </button>
                <span class="dim hide-sm">Ctrl Enter</span>
              </div>
            </form>
          </Panel>
          <Panel title="Or an audit id" sub="of a record in the ring">
            <form
              class="body chips"
              onSubmit={(event) => {
                event.preventDefault();
                const id = String(new FormData(event.currentTarget).get('auditID') ?? '').trim();
                if (id === auditID) void ask(`why-not?auditID=${encodeURIComponent(id)}`);
                else if (id !== '') go(printAddress({ page: 'why-not', query: { auditID: id } }));
              }}
            >
              <label class="field grow">
                <span class="sr">Audit id</span>
                <input name="auditID" defaultValue={auditID} key={auditID} autocomplete="off" spellcheck={false} />
              </label>
              <button type="submit" class="btn">
                Look
              </button>
              {session.value?.ring.records === null ? (
                <p class="dim">
                  Only records with a finding are kept; <code>console.maxRecordBytes</code> keeps others too.
                </p>
              ) : null}
            </form>
          </Panel>
        </div>
        <div class="stack" aria-live="off">
          {state.kind === 'none' ? (
            <Panel title="Rule by rule">
              <Blank title="No record yet">
                <p>Paste one, or open a finding and ask from there.</p>
              </Blank>
            </Panel>
          ) : null}
          {state.kind === 'asking' ? (
            <Panel title="Rule by rule">
              <Waiting what="the answer" />
            </Panel>
          ) : null}
          {state.kind === 'failed' && state.problem.status === 404 ? (
            <Panel title="Rule by rule">
              <Blank title="This record is not in the ring">
                <p>{state.problem.message} Look for it where your records are kept, and paste it.</p>
              </Blank>
            </Panel>
          ) : null}
          {state.kind === 'failed' && state.problem.status !== 404 ? (
            <Failure what="The answer" problem={state.problem} />
          ) : null}
          {state.kind === 'answered' ? <Answered answer={state.answer} wanted={wanted} /> : null}
        </div>
      </div>
    </div>
  );
}

function Answered({ answer, wanted }: { answer: Answer; wanted: string }) {
  const [name, setName] = useState('');
  const { rules, events, verdict, problem } = answer;
  const countOf = (of: string) => (of === 'all' ? rules.length : rules.filter((rule) => rule.answer === of).length);
  const fits = rules
    .filter(
      (rule) =>
        (wanted === 'all' || rule.answer === wanted) &&
        `${rule.rule} ${rule.title}`.toLowerCase().includes(name.toLowerCase()),
    )
    .toSorted(
      (a, b) => order.indexOf(a.answer) - order.indexOf(b.answer) || a.event - b.event || a.rule.localeCompare(b.rule),
    );
  const notAnswered = events.filter(({ isAnswered }) => !isAnswered).length;
  return (
    <>
      <Note
        kind={verdict === 'match' ? 'ok' : verdict === 'clear' ? 'ok' : 'warn'}
        icon={verdict === 'error' ? 'warn' : 'why-not'}
      >
        <p>
          <strong>The verdict is {verdict}.</strong>{' '}
          {countOf('matches') > 0 ? `${plural(countOf('matches'), 'rule')} matched. ` : ''}
          {countOf('undecided') > 0
            ? `${plural(countOf('undecided'), 'rule')} could not be decided: the log lacks what is asked for.`
            : ''}
        </p>
        {problem === undefined ? null : (
          <p>
            <Untrusted text={problem} max={longest.fact} />
          </p>
        )}
        {events.slice(0, 5).map(({ about }, index) => (
          <p key={index} class="two">
            <Untrusted text={about} max={longest.fact} />
          </p>
        ))}
        {notAnswered > 0 ? (
          <p>{plural(notAnswered, 'event')} of the record are not included: paste them separately.</p>
        ) : null}
      </Note>
      <Panel
        title="Rule by rule"
        sub={count(fits.length)}
        actions={
          <div class="seg" role="group" aria-label="Answers">
            {answers.map((of) => (
              <button
                key={of}
                type="button"
                aria-pressed={of === wanted}
                onClick={() => choose({ answer: of === 'all' ? undefined : of })}
              >
                {of} <span class="dim">{count(countOf(of))}</span>
              </button>
            ))}
          </div>
        }
      >
        <div class="body under-head">
          <label class="field">
            <Icon name="search" size={14} />
            <input
              type="search"
              value={name}
              placeholder="A rule"
              aria-label="Search rules"
              autocomplete="off"
              spellcheck={false}
              onInput={({ currentTarget }) => setName(currentTarget.value)}
            />
          </label>
        </div>
        {fits.length === 0 ? (
          <Blank title="No rule matches this">
            <Button onClick={() => choose({ answer: undefined })}>All answers</Button>
          </Blank>
        ) : (
          <ul class="wn">
            {fits.slice(0, mostRules).map((rule) => (
              <RuleAnswer key={`${rule.event} ${rule.rule}`} rule={rule} isOfMany={events.length > 1} />
            ))}
            {fits.length > mostRules ? <li class="body dim">and {count(fits.length - mostRules)} more</li> : null}
          </ul>
        )}
      </Panel>
    </>
  );
}

function RuleAnswer({ rule, isOfMany }: { rule: WhyNotRule; isOfMany: boolean }) {
  // Drawn only when opened: the trees of all rules would be tens of thousands of nodes.
  const [isOpen, setIsOpen] = useState(false);
  const { explanation } = rule;
  return (
    <li>
      <details open={isOpen} onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
        <summary>
          <Sign truth={truths[rule.answer]} />
          <span class="wn-name">
            <code>{rule.rule}</code>
            {isOfMany ? <span class="tag">event {rule.event + 1}</span> : null}
            {rule.mode === 'shadow' ? <span class="tag shadow">shadow</span> : null}
            <span class="stop">
              <Stop rule={rule} />
            </span>
          </span>
          <span class="two hide-sm">{rule.answer}</span>
        </summary>
        {isOpen ? (
          <>
            <p class="wn-about">
              <Level level={rule.level} mode={rule.mode} />{' '}
              <Link to={printAddress({ page: 'rule', id: rule.rule })}>{rule.title}</Link>{' '}
              <span class="dim">{plural(countPredicates(explanation), 'predicate')}</span>
            </p>
            <Tree root={explanation} />
          </>
        ) : null}
      </details>
    </li>
  );
}

/** The first reason that the rule did not match, in one line. */
function Stop({ rule }: { rule: WhyNotRule }) {
  if (rule.answer === 'matches') return <>all that it asks for is there</>;
  if (rule.answer === 'silenced') return <>silenced by {rule.silencedBy}</>;
  const stop = stopOf(rule.explanation);
  if (stop === undefined) return null;
  const { predicate, isNegated, selection } = stop;
  if (rule.answer === 'undecided') {
    return (
      <>
        open: {predicate.field} {predicate.expected}
        {predicate.gap === undefined ? '' : `, ${predicate.gap}`}
      </>
    );
  }
  return (
    <>
      {selection === undefined ? '' : `${selection}: `}
      {predicate.field} {isNegated ? 'is' : 'is not'} <Untrusted text={predicate.expected} max={80} />
    </>
  );
}
