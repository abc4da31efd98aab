/** Which exception is narrow enough, and what would it hide? */
import { useState } from 'preact/hooks';
import type { Tune as Answer, FindingRow, Findings, Written } from '../../api.ts';
import { listOf, printAddress } from '../address.ts';
import { askJson } from '../client.ts';
import { Icon } from '../icon.tsx';
import { problemOf, useLoaded } from '../loaded.ts';
import { Noisiest } from '../noisiest.tsx';
import { count, plural } from '../numbers.ts';
import {
  Button,
  copy,
  Failure,
  Heading,
  Level,
  Link,
  Note,
  Panel,
  Sentence,
  Time,
  timeOf,
  Untrusted,
  Waiting,
} from '../parts.tsx';
import { address, choose, say } from '../state.ts';
import { longest } from '../untrusted.ts';
import { Yaml } from '../yaml.tsx';

/** Represents an empty list of fields in an address, as a query cannot. */
const nothing = 'none';

export function Tune() {
  const { finding } = address.value.query;
  return finding ? <Proposal finding={finding} key={finding} /> : <Noisiest />;
}

function Proposal({ finding }: { finding: string }) {
  const { query } = address.value;
  const by = query.by === undefined ? undefined : listOf(query, 'by').filter((field) => field !== nothing);
  const request = { finding, ...(by === undefined ? {} : { by }) };
  const { data, problem } = useLoaded(`${finding} ${query.by ?? ''}`, (signal) =>
    askJson<Answer>('tune', { body: request, signal }),
  );
  const about = useLoaded(finding, (signal) =>
    askJson<FindingRow>(`findings/${encodeURIComponent(finding)}`, { signal }),
  );
  const rule = data?.rule ?? about.data?.rule ?? '';
  const ofRule = useLoaded(rule === '' ? undefined : rule, (signal) =>
    askJson<Findings>(`findings?rule=${encodeURIComponent(rule)}&limit=1000`, { signal }),
  );
  return (
    <div class="page tune">
      <div class="pagehead">
        <Heading>
          Tune <code>{rule}</code>
        </Heading>
        <span class="sub clip">{about.data === undefined ? '' : <Sentence parts={about.data.parts} max={50} />}</span>
        <div class="acts">
          <Link class="btn ghost" to={printAddress({ page: 'finding', id: finding })}>
            Back to the finding
          </Link>
        </div>
      </div>
      {problem === undefined ? null : <Failure what="A proposal" problem={problem} />}
      {data === undefined ? (
        problem === undefined ? (
          <Waiting what="a proposal" lines={10} />
        ) : null
      ) : (
        <>
          <Judgement answer={data} isFirst={about.data?.novelty?.times === 0} />
          <div class="cols tunegrid">
            <Fields answer={data} />
            <Silences answer={data} rows={ofRule.data?.findings ?? []} finding={about.data} />
            <Cases answer={data} />
            <Commit answer={data} request={request} />
          </div>
        </>
      )}
    </div>
  );
}

/** A case that failed before does not fail because of the exception. */
function failsByIt({ want, answer, before }: Answer['cases'][number]): boolean {
  return answer !== want && before === want;
}

/** One sentence on whether the exception is narrow enough, followed by the warnings of the sidecar. */
function Judgement({ answer, isFirst }: { answer: Answer; isFirst: boolean }) {
  const { fields, silences, cases, warnings } = answer;
  const chosen = fields.filter(({ isChosen }) => isChosen);
  const weak = chosen.filter((field) => field.weak !== null);
  const failing = cases.filter(failsByIt).length;
  if (chosen.length === 0) {
    return (
      <Note kind="warn" icon="warn">
        <p>Choose what the exception is about.</p>
      </Note>
    );
  }
  if (failing > 0) {
    return (
      <Note kind="bad" icon="cross">
        <p>
          <strong>It hides too much: {plural(failing, 'case')} of the rule would fail.</strong>
        </p>
        <p>Choose one more field: the identity, or one that keeps others from being hidden by it.</p>
        <Warnings of={warnings} />
      </Note>
    );
  }
  const doubt =
    weak.length === chosen.length
      ? `An attacker can choose ${weak.map(({ field }) => field).join(', ')}: add a field that the API server decides.`
      : silences.otherIdentities > 0
        ? `It also silences ${plural(silences.otherIdentities, 'finding')} of other identities.`
        : isFirst
          ? 'This happened for the first time: an exception is for what you can explain.'
          : undefined;
  if (doubt !== undefined || warnings.length > 0) {
    return (
      <Note kind="warn" icon="warn">
        {doubt === undefined ? null : (
          <p>
            <strong>{doubt}</strong>
          </p>
        )}
        <Warnings of={warnings} />
      </Note>
    );
  }
  return (
    <Note kind="ok" icon="check">
      <p>
        <strong>Narrow enough: one identity, {plural(silences.ids.length, 'finding')}, no case fails.</strong>
      </p>
      <p>Commit the file below; it is live seconds after it is in the folder.</p>
    </Note>
  );
}

function Warnings({ of }: { of: Answer['warnings'] }) {
  return (
    <>
      {of.map(({ code, message }) => (
        <p key={code}>
          <Untrusted text={message} max={longest.fact} />
        </p>
      ))}
    </>
  );
}

function Fields({ answer: { fields } }: { answer: Answer }) {
  const toggle = (field: string, isOn: boolean) => {
    const chosen = fields.filter(({ isChosen }) => isChosen).map((of) => of.field);
    choose({ by: (isOn ? [...chosen, field] : chosen.filter((of) => of !== field)).join(',') || nothing }, 'replace');
  };
  return (
    <Panel class="step a" title="Propose an exception">
      <div class="choices" role="group" aria-label="What the exception is about">
        {fields.map(({ field, values, isChosen, weak }) => (
          <label key={field}>
            <input
              type="checkbox"
              checked={isChosen}
              onChange={({ currentTarget }) => toggle(field, currentTarget.checked)}
            />
            <span class="v">
              <span class="dim">{field}: </span>
              {values.slice(0, 5).map((value, index) => (
                <span key={value}>
                  {index > 0 ? ', ' : ''}
                  <Untrusted text={value} max={90} />
                </span>
              ))}
              {values.length > 5 ? ` and ${count(values.length - 5)} more` : ''}
            </span>
            {weak === null ? null : <span class="w">weak: {weak}</span>}
          </label>
        ))}
      </div>
    </Panel>
  );
}

function Silences({
  answer: { silences },
  rows,
  finding,
}: {
  answer: Answer;
  rows: readonly FindingRow[];
  finding: FindingRow | undefined;
}) {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const username = finding?.event?.username;
  const shown = silences.ids.slice(0, 200);
  return (
    <Panel class="step b" title="What it would silence" sub="of the findings in the ring">
      <div class="sumline">
        <span>
          <strong>{count(silences.ids.length)}</strong>of {count(silences.of)} of this rule
        </span>
        <span>
          <strong>{count(silences.otherIdentities)}</strong>of other identities
        </span>
        {silences.undecided.length === 0 ? null : (
          <span>
            <strong>{count(silences.undecided.length)}</strong>become undecided
          </span>
        )}
      </div>
      {shown.length === 0 ? (
        <p class="body dim">Nothing in the ring.</p>
      ) : (
        <section class="tall" tabIndex={0} aria-label="Findings that it would silence">
          <ul class="sil">
            {shown.map((id) => {
              const row = byId.get(id);
              return (
                <li key={id}>
                  {row === undefined ? <span /> : <Level level={row.level} mode={row.mode} isBrief />}
                  <Link class="clip" to={printAddress({ page: 'finding', id })}>
                    {row === undefined ? (
                      id.slice(0, 16)
                    ) : (
                      <Sentence parts={row.parts} max={50} without={username} isList />
                    )}
                  </Link>
                  {row === undefined ? null : <Time time={timeOf(row)} class="dim" />}
                </li>
              );
            })}
          </ul>
        </section>
      )}
    </Panel>
  );
}

function Cases({ answer: { cases, rule } }: { answer: Answer }) {
  const failing = cases.filter(failsByIt);
  const others = cases.filter((of) => !failsByIt(of));
  return (
    <Panel class="step c" title="Which cases still pass" sub={`${rule}, run with the exception`}>
      <div class="sumline">
        <span>
          <strong>{count(others.filter(({ want, answer }) => want === answer).length)}</strong>pass
        </span>
        <span>
          <strong>{count(failing.length)}</strong>would fail
        </span>
      </div>
      {cases.length === 0 ? (
        <p class="body dim">The rule has no cases here: what it must still match is yours to judge.</p>
      ) : (
        <section class="tall" tabIndex={0} aria-label="Cases of the rule">
          <ul class="cases">
            {[...failing, ...others].map((of) => (
              <Case key={of.name} of={of} />
            ))}
          </ul>
        </section>
      )}
    </Panel>
  );
}

function Case({ of }: { of: Answer['cases'][number] }) {
  const { name, want, answer, before } = of;
  const isAsWanted = answer === want;
  return (
    <li class={failsByIt(of) ? 'fails' : ''}>
      <span>
        <Icon name={isAsWanted ? 'check' : 'cross'} size={13} />
        <span class="sr">{isAsWanted ? 'passes' : 'fails'}</span>
      </span>
      <span>
        {name}
        {isAsWanted ? null : (
          <span class="two">
            : {before === answer ? 'failed before as well,' : 'now'} {answer}
          </span>
        )}
      </span>
      <span class="dim">{want}</span>
    </li>
  );
}

function Commit({ answer, request }: { answer: Answer; request: unknown }) {
  const [outcome, setOutcome] = useState<string>();
  const { yaml, name, mayWrite, writeDenied } = answer;
  const write = async () => {
    try {
      const { path } = await askJson<Written>('tune/write', { body: request });
      setOutcome(`Written to ${path}.`);
      say('Written');
    } catch (error) {
      const problem = problemOf(error);
      setOutcome(`Not written: ${problem.message} ${problem.remedy}`);
      say('Not written');
    }
  };
  const save = () => {
    const url = URL.createObjectURL(new Blob([yaml], { type: 'application/yaml' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = name;
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <Panel
      class="step d"
      title="Commit"
      actions={
        <>
          <Button onClick={() => copy(yaml, 'YAML')}>
            <Icon name="copy" size={13} />
            Copy
          </Button>
          <Button onClick={save}>
            <Icon name="save" size={13} />
            Save
          </Button>
          <Button
            aria-disabled={!mayWrite}
            aria-describedby="about-write"
            onClick={() => (mayWrite ? void write() : say(writeDenied ?? 'Writing is off'))}
          >
            Write
          </Button>
        </>
      }
    >
      <Yaml text={yaml.trimEnd()} label={`The exception, ${name}`} />
      <p class="body dim" id="about-write">
        {outcome === undefined ? (
          mayWrite ? (
            'Write creates one new file in the folder of exceptions, and never overwrites one.'
          ) : (
            <>
              Write is off: <Untrusted text={writeDenied ?? 'the settings do not allow it.'} max={longest.fact} />
            </>
          )
        ) : (
          <Untrusted text={outcome} max={longest.fact} />
        )}
      </p>
    </Panel>
  );
}
