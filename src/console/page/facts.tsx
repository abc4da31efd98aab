/** Who did what to which object, from where and with what, and what else is known. */
import type { ComponentChildren } from 'preact';
import type { FindingPage } from '../api.ts';
import { printAddress, searchWord } from './address.ts';
import { count, plural } from './numbers.ts';
import { Link, Panel, Untrusted } from './parts.tsx';
import { longest } from './untrusted.ts';

/** The user name of unauthenticated requests: not an identity. */
export const anonymous = 'system:anonymous';

/** Fields of a rule's context that have a line of their own. */
const shownAlready: ReadonlySet<string> = new Set([
  ...[
    'username',
    'impersonatedUser',
    'verb',
    'resource',
    'subresource',
    'namespace',
    'name',
    'requestURI',
    'sourceIPs',
  ],
  ...['userAgent', 'outcome', 'responseStatus', 'auditID', 'cluster', 'user.username', 'objectRef.name'],
]);

/** @param follow the search word that finds the same value */
function Fact({
  name,
  value,
  follow,
  why,
}: {
  name: string;
  value: string | undefined;
  follow?: string;
  why?: ComponentChildren;
}) {
  if (value === undefined || value === '') return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <Untrusted text={value} max={longest.fact} />
        {follow === undefined ? null : (
          <Link
            class="btn"
            to={printAddress({ page: 'findings', query: { q: searchWord(follow, value) } })}
            aria-label={`follow ${name}`}
          >
            follow
          </Link>
        )}
        {why === undefined ? null : <span class="why">{why}</span>}
      </dd>
    </>
  );
}

export function Facts({ page }: { page: FindingPage }) {
  const { event, finding, owner, novelty } = page;
  const { correlation } = finding;
  return (
    <Panel title="Who did what">
      <div class="body">
        <dl class="kv">
          {event === null ? null : (
            <>
              <Fact
                name="who"
                value={event.username}
                {...(event.username === anonymous
                  ? { why: 'no identity: the request was not authenticated' }
                  : { follow: 'who' })}
              />
              <Fact name="as" value={event.impersonatedUser ?? undefined} why="the identity that was impersonated" />
              <Fact
                name="did"
                value={`${event.verb ?? ''} ${event.resource ?? ''}${event.subresource ? `/${event.subresource}` : ''}`}
              />
              <Fact
                name="to"
                value={`${event.namespace ? `${event.namespace}/` : ''}${event.name || '(all of them)'}`}
              />
              <Fact name="path" value={event.requestURI} />
              <Addresses addresses={event.sourceIPs ?? []} />
              <Fact name="with" value={event.userAgent} follow="agent" why="the client chooses this" />
              <Fact
                name="outcome"
                value={[event.outcome, event.responseStatus?.code, event.responseStatus?.reason]
                  .filter(Boolean)
                  .join(', ')}
              />
              <Fact name="audit id" value={event.auditID} />
            </>
          )}
          {correlation === undefined ? null : (
            <>
              <Fact
                name="correlation"
                value={`${correlation.type}${correlation.value === undefined ? '' : `: ${correlation.value}`}`}
              />
              {correlation.group.map(({ field, values }) => (
                <Fact key={field} name={field} value={values.join(', ')} />
              ))}
              <Fact name="from" value={correlation.from} />
              <Fact name="until" value={correlation.to} />
              <Fact name="events" value={`${count(correlation.events.length)}: ${correlation.events.join(', ')}`} />
            </>
          )}
          {finding.context
            .filter(({ field }) => !shownAlready.has(field))
            .map(({ field, values }) => (
              <Fact key={field} name={field} value={values.join(', ')} />
            ))}
          {novelty === null ? null : (
            <Fact
              name="novelty"
              value={
                novelty.times === 0
                  ? `the first time that this rule matched this identity on this kind of object${novelty.since === null ? '' : `, as far as known since ${novelty.since}`}`
                  : `${plural(novelty.times, 'time')} before${novelty.since === null ? '' : `, first ${novelty.since}`}`
              }
            />
          )}
          {owner === null ? null : (
            <>
              <Fact name="owner" value={[owner.name, owner.contact].filter(Boolean).join(', ')} />
              <Fact name="runbook" value={owner.runbook} />
            </>
          )}
          <Fact name="fluent tag" value={page.fluentTag ?? undefined} />
          <Fact name="received" value={page.received} />
          <Fact name="id" value={page.id} />
        </dl>
      </div>
    </Panel>
  );
}

function Addresses({ addresses }: { addresses: readonly string[] }) {
  if (addresses.length === 0) return null;
  return (
    <>
      <dt>from</dt>
      <dd>
        {addresses.slice(0, 8).map((address) => (
          <span key={address} class="address">
            <Untrusted text={address} max={60} />
            <Link
              class="btn"
              to={printAddress({ page: 'findings', query: { q: searchWord('ip', address) } })}
              aria-label={`follow from ${address.slice(0, 60)}`}
            >
              follow
            </Link>
          </span>
        ))}
        {addresses.length > 8 ? `and ${count(addresses.length - 8)} more` : null}
        <span class="why">all but the last hop can be forged by the client</span>
      </dd>
    </>
  );
}
