/** Why it was raised, on what evidence, and what else the same identity did. */
import { useEffect, useState } from 'preact/hooks';
import type { FindingPage } from '../../api.ts';
import { printAddress, searchWord } from '../address.ts';
import { askJson } from '../client.ts';
import { countPredicates } from '../explained.ts';
import { anonymous, Facts } from '../facts.tsx';
import { Icon } from '../icon.tsx';
import { usePageKeys } from '../keys.tsx';
import { useLoaded } from '../loaded.ts';
import { ago, count, plural } from '../numbers.ts';
import {
  Button,
  copy,
  Failure,
  Heading,
  Level,
  Link,
  Novelty,
  Panel,
  Sentence,
  Time,
  timeOf,
  Untrusted,
  Waiting,
} from '../parts.tsx';
import { RecordView } from '../record-view.tsx';
import { go, listAddress, listed, say, session } from '../state.ts';
import { techniqueName } from '../techniques.ts';
import { Tree } from '../tree.tsx';
import { longest } from '../untrusted.ts';

/** Number of findings of the line that are shown around the open one. */
const lineLength = 14;

function useFinding(id: string, delay = 0) {
  return useLoaded(id, (signal) => askJson<FindingPage>(`findings/${encodeURIComponent(id)}`, { signal }), delay);
}

export function Finding({ id }: { id: string }) {
  const { data, problem } = useFinding(id);
  const at = listed.value.ids.indexOf(id);
  const step = (by: number) => {
    const next = listed.value.ids[at + by];
    if (at < 0 || next === undefined) say('There is no other');
    else go(printAddress({ page: 'finding', id: next }), 'replace');
    return true;
  };
  const jump = (part: string) => () => {
    document.getElementById(part)?.scrollIntoView({ block: 'start' });
    return true;
  };
  usePageKeys({
    '[': () => step(-1),
    ']': () => step(1),
    e: jump('explanation'),
    r: jump('record'),
    t: () => {
      go(printAddress({ page: 'tune', query: { finding: id } }));
      return true;
    },
  });
  return (
    <div class="page">
      <div class="pagehead">
        <Link class="btn ghost" to={listAddress.value}>
          <Icon name="back" size={14} />
          Findings
        </Link>
        <span class="dim num">{at < 0 ? '' : `${count(at + 1)} of ${count(listed.value.total)}`}</span>
        <div class="acts">
          <Button class="icon" aria-label="Previous finding" title="[" onClick={() => step(-1)}>
            <Icon name="back" size={14} />
          </Button>
          <Button class="icon" aria-label="Next finding" title="]" onClick={() => step(1)}>
            <Icon name="next" size={14} />
          </Button>
        </div>
      </div>
      {data !== undefined ? (
        <>
          <Head page={data} />
          <div class="cols detail">
            <div class="stack main">
              <Facts page={data} />
              <Why page={data} />
              <RecordView page={data} id="record" />
            </div>
            <div class="stack">
              <Line page={data} />
              <About page={data} />
            </div>
          </div>
        </>
      ) : problem === undefined ? (
        <>
          <Heading class="sr">Finding</Heading>
          <Waiting what="the finding" lines={12} />
        </>
      ) : problem.status === 404 ? (
        <Gone id={id} />
      ) : (
        <>
          <Heading class="sr">Finding</Heading>
          <Failure what="The finding" problem={problem} />
        </>
      )}
    </div>
  );
}

/** The same beside the list; findings that are skipped quickly with keys are not loaded. */
export function FindingBeside({ id }: { id: string }) {
  const { data, problem } = useFinding(id, 120);
  if (problem !== undefined) return <Failure what="The finding" problem={problem} />;
  if (data === undefined) return <Waiting what="the finding" />;
  return (
    <div class="page">
      <Head page={data} isBeside />
      <Line page={data} />
      <Facts page={data} />
      <Why page={data} />
      <RecordView page={data} />
      <About page={data} />
    </div>
  );
}

function Gone({ id }: { id: string }) {
  const reach = session.value?.ring.findings;
  return (
    <div class="blank">
      <Heading>This finding is not in the ring</Heading>
      <p>
        {reach === undefined ? 'The ring is bounded.' : `The ring holds the last ${plural(reach.held, 'finding')}.`}{' '}
        Look for the id where your records are kept: <code>tripline.findings.id</code>
      </p>
      <code>
        <Untrusted text={id} max={64} />
      </code>
      <Link class="btn" to={listAddress.value}>
        Findings
      </Link>
    </div>
  );
}

interface Of {
  page: FindingPage;
}

function useOpenedHeading(page: FindingPage, isBeside: boolean): void {
  // While the page was loading, it had no heading to focus.
  useEffect(() => {
    if (isBeside || document.activeElement === null) return;
    const active = document.activeElement;
    if (active === document.body || active.id === 'main' || active.tagName === 'H1') {
      document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true });
    }
  }, [page.id, isBeside]);
}

function Head({ page, isBeside = false }: Of & { isBeside?: boolean }) {
  useOpenedHeading(page, isBeside);
  const { event, parts } = page;
  const sentence = <Sentence parts={parts} max={longest.heading} />;
  return (
    <>
      <div class="fd-head">
        <div class="crumbs">
          <Level level={page.level} mode={page.mode} />
          <span class="dim">·</span>
          <Link to={printAddress({ page: 'rule', id: page.rule })}>{page.title}</Link>
          <span class="dim">·</span>
          <Time time={timeOf(page)} />
          <span class="dim">{ago(Date.parse(timeOf(page)), Date.now())}</span>
        </div>
        {isBeside ? <h2 class="wrap">{sentence}</h2> : <Heading>{sentence}</Heading>}
        <div class="chips">
          {page.novelty?.times === 0 ? (
            <Novelty novelty={page.novelty} />
          ) : page.novelty === null ? null : (
            <span class="tag">
              <Novelty novelty={page.novelty} />
            </span>
          )}
          {page.platform === null ? null : (
            <Link class="tag" to={printAddress({ page: 'findings', query: { platform: page.platform } })}>
              {page.platform}
            </Link>
          )}
          {page.cluster === null ? null : (
            <span class="tag">
              <Untrusted text={page.cluster} max={60} />
            </span>
          )}
          {page.workload === null ? null : (
            <Link
              class="tag"
              to={printAddress({ page: 'findings', query: { q: searchWord('workload', page.workload) } })}
            >
              <Untrusted text={page.workload} max={60} />
            </Link>
          )}
          {[...new Set(page.attack.map(({ technique }) => technique))].map((technique) => (
            <Link
              key={technique}
              class="tag"
              to={printAddress({ page: 'rules', query: { view: 'matrix', technique } })}
            >
              {technique} {techniqueName(technique)}
            </Link>
          ))}
          {page.evidence === null ? null : <span class="tag">evidence {page.evidence}</span>}
        </div>
      </div>
      <div class="chips">
        <Link class="btn pri" to={printAddress({ page: 'tune', query: { finding: page.id } })}>
          <Icon name="tune" size={14} />
          Tune
        </Link>
        {event?.username ? (
          <Link class="btn" to={printAddress({ page: 'findings', query: { q: searchWord('who', event.username) } })}>
            {isBeside ? 'Follow' : 'Follow this identity'}
          </Link>
        ) : null}
        {event?.auditID ? (
          <Link class="btn" to={printAddress({ page: 'why-not', query: { auditID: event.auditID } })}>
            {isBeside ? 'Why not' : 'Why not the other rules'}
          </Link>
        ) : null}
        {isBeside ? (
          <Link class="btn" to={printAddress({ page: 'finding', id: page.id })}>
            Open
          </Link>
        ) : (
          <Button onClick={() => copy(location.href, 'Link')}>
            <Icon name="copy" size={13} />
            Copy link
          </Button>
        )}
      </div>
    </>
  );
}

function Why({ page }: Of) {
  const [isBrief, setIsBrief] = useState(false);
  const { explanation, kind } = page;
  if (explanation === null) {
    return (
      <Panel title="Explanation" id="explanation">
        <p class="body two">
          {kind === 'report'
            ? 'A correlation: what it counted is in the facts above.'
            : 'The rule is not live any more, or its event was too large to be kept.'}
        </p>
      </Panel>
    );
  }
  return (
    <Panel
      title="Explanation"
      id="explanation"
      sub={`${plural(countPredicates(explanation), 'predicate')}, all evaluated`}
      actions={
        <Button aria-pressed={isBrief} onClick={() => setIsBrief(!isBrief)}>
          Only what decided
        </Button>
      }
    >
      <Tree root={explanation} isBrief={isBrief} />
    </Panel>
  );
}

function Line({ page }: Of) {
  const { line, event } = page;
  const username = event?.username;
  const at = line.findIndex(({ id }) => id === page.id);
  const from = Math.max(0, Math.min(at - lineLength / 2, line.length - lineLength));
  const shown = line.slice(from, from + lineLength);
  return (
    <Panel
      title="The line"
      sub={`${username === anonymous ? 'same address' : 'same identity or address'}, ${count(line.length)}`}
    >
      <ol class="story">
        {shown.map((row) => (
          <li key={row.id} aria-current={row.id === page.id ? 'true' : undefined}>
            <Time time={timeOf(row)} />
            <Level level={row.level} mode={row.mode} isBrief />
            <Link to={printAddress({ page: 'finding', id: row.id })}>
              <Sentence parts={row.parts} max={70} without={username} isList />
            </Link>
          </li>
        ))}
      </ol>
      {shown.length < line.length && username && username !== anonymous ? (
        <p class="body">
          <Link to={printAddress({ page: 'findings', query: { q: searchWord('who', username) } })}>
            All {count(line.length)}
          </Link>
        </p>
      ) : null}
    </Panel>
  );
}

function About({ page: { about, rule } }: Of) {
  return (
    <Panel
      title="About the rule"
      actions={
        <Link class="btn ghost" to={printAddress({ page: 'rule', id: rule })}>
          Rule
        </Link>
      }
    >
      <div class="body stack">
        {about === null ? <p class="two">The rule is not loaded any more.</p> : null}
        {about?.description ? (
          <div class="prose">
            {about.description.split(/\n\s*\n/).map((paragraph) => (
              <p key={paragraph}>{paragraph}</p>
            ))}
          </div>
        ) : null}
        {about === null || about.falsepositives.length === 0 ? null : (
          <div>
            <h3>Could be harmless</h3>
            <ul class="bul">
              {about.falsepositives.map((text) => (
                <li key={text}>{text}</li>
              ))}
            </ul>
          </div>
        )}
        {about === null || about.references.length === 0 ? null : (
          <div>
            <h3>References</h3>
            <ul class="bul wrap">
              {about.references.map((text) => (
                <li key={text}>{text}</li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </Panel>
  );
}
