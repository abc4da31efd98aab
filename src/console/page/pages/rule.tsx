/** One rule: what it is about, what it found, and on which platforms it can be decided. */
import { printAddress } from '../address.ts';
import { count, measured } from '../numbers.ts';
import { Failure, Heading, Level, Link, Panel, Time, Untrusted, Waiting } from '../parts.tsx';
import { techniqueName } from '../techniques.ts';
import { platforms, useRules } from './rules.tsx';

const words = {
  yes: 'it can be decided',
  partly: 'in part: what it asks for can be missing from the log',
  no: 'blind: the log never has what it asks for',
} as const;

export function Rule({ name }: { name: string }) {
  const { data, problem } = useRules();
  const rule = data?.rules.find((row) => row.name === name);
  if (rule === undefined) {
    return (
      <div class="page">
        <Heading class={data === undefined ? 'sr' : ''}>
          {data === undefined ? 'Rule' : 'There is no such rule'}
        </Heading>
        {problem === undefined ? null : <Failure what="The rules" problem={problem} />}
        {data === undefined && problem === undefined ? <Waiting what="the rule" /> : null}
        {data === undefined ? null : (
          <p>
            <code>
              <Untrusted text={name} />
            </code>{' '}
            is not among those that are loaded. <Link to={printAddress({ page: 'rules' })}>All rules</Link>
          </p>
        )}
      </div>
    );
  }
  return (
    <div class="page">
      <div class="fd-head">
        <div class="crumbs">
          <Link to={printAddress({ page: 'rules' })}>Rules</Link>
          <span class="dim">·</span>
          <Level level={rule.level} mode={rule.mode} />
          <span class="dim">·</span>
          <span>{rule.mode}</span>
        </div>
        <Heading>{rule.title}</Heading>
        <div class="chips">
          <code class="tag">{rule.name}</code>
          {[...new Set(rule.attack.map(({ technique }) => technique))].map((technique) => (
            <Link
              key={technique}
              class="tag"
              to={printAddress({ page: 'rules', query: { view: 'matrix', technique } })}
            >
              {technique} {techniqueName(technique)}
            </Link>
          ))}
        </div>
      </div>
      <div class="chips">
        <Link class="btn" to={printAddress({ page: 'findings', query: { rule: rule.name } })}>
          {count(rule.hits)} in the ring
        </Link>
      </div>
      <div class="cols detail">
        <Panel title="About the rule">
          <div class="body prose">
            {rule.description.split(/\n\s*\n/).map((paragraph) => (
              <p key={paragraph}>{paragraph}</p>
            ))}
          </div>
        </Panel>
        <div class="stack">
          <Panel title="In the ring">
            <div class="body">
              <dl class="kv">
                <dt>hits</dt>
                <dd class="num">{count(rule.hits)}</dd>
                <dt>last hit</dt>
                <dd>{rule.lastHit === null ? '–' : <Time time={rule.lastHit} />}</dd>
                <dt>silenced</dt>
                <dd class="num">{count(rule.silenced)}</dd>
                <dt>undecided</dt>
                <dd class="num">{count(rule.undecided)}</dd>
                <dt>cost</dt>
                <dd class="num">{rule.costMicros === null ? '–' : `${measured(rule.costMicros)} µs a record`}</dd>
                <dt>file</dt>
                <dd>
                  <code>{rule.path}</code>
                </dd>
                {rule.id === undefined ? null : (
                  <>
                    <dt>id</dt>
                    <dd>
                      <code>{rule.id}</code>
                    </dd>
                  </>
                )}
              </dl>
            </div>
          </Panel>
          <Panel title="Where it can see">
            <div class="body">
              <dl class="kv">
                {platforms
                  .filter((platform) => rule.decidable[platform] !== undefined)
                  .map((platform) => (
                    <Seen key={platform} platform={platform} state={rule.decidable[platform]!} />
                  ))}
              </dl>
            </div>
          </Panel>
        </div>
      </div>
    </div>
  );
}

function Seen({ platform, state }: { platform: string; state: keyof typeof words }) {
  return (
    <>
      <dt>{platform}</dt>
      <dd>{words[state]}</dd>
    </>
  );
}
