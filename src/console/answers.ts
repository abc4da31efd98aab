/** Answers API requests, from the book and from its own copy of the rules. */
import { taggedRecord } from '../batch/splice.ts';
import { codecNamed } from '../codecs/index.ts';
import type { Config } from '../config/index.ts';
import { lookupOf, type Ruleset } from '../detect.ts';
import { type ContextOf, openContext } from '../findings/context.ts';
import { eventsIn, type Parts, processBatch } from '../pipeline.ts';
import { partsOf } from '../pipeline-dependencies.ts';
import { Problem } from '../problem.ts';
import type { AuditEvent } from '../record.ts';
import { type LoadedRules, loadRules } from '../rules/index.ts';
import { explain } from '../sigma/index.ts';
import type { FindingPage, Reach, Rules, Session, TuneRequest, WhyNot } from './api.ts';
import { Book, type Found } from './book.ts';
import { shownExplanation } from './explanations.ts';
import type { KeptBatch } from './kept.ts';
import { queryOf } from './query.ts';
import { opener } from './rows.ts';
import { type Costs, measureCosts, rulesOf } from './rule-rows.ts';
import { nowOf, type Status } from './status.ts';
import { type Tuned, tuneFinding, writeTuned } from './tuning.ts';
import { whyNot, whyNotText } from './why-not.ts';

/** Who is asking. */
export type Who = Pick<Session, 'credential' | 'mayWrite' | 'writeDenied'>;

export type Ask =
  | { kind: 'session'; who: Who }
  | { kind: 'now' }
  /** `query` is as given in the URL. */
  | { kind: 'findings'; query: Readonly<Record<string, unknown>> }
  | { kind: 'finding'; id: string }
  | { kind: 'why-not'; record: string }
  | { kind: 'why-not-id'; auditID: string }
  | { kind: 'rules' }
  | { kind: 'cost' }
  | { kind: 'tune'; request: TuneRequest; who: Who }
  | { kind: 'write'; request: TuneRequest };

export interface Answers {
  book: Book;
  /** Reloads the rules if the live ones have changed. */
  follow(ruleset: string): void;
  /** @throws Problem */
  answer(ask: Ask, status: Status): Promise<object>;
}

export interface AnswersParts {
  config: Config;
  /** The last batches, if batches are kept. */
  batches: () => Promise<readonly KeptBatch[]>;
}

const MOST_NODES = 5000;
/** Events that costs are measured on. */
const MOST_MEASURED = 2000;

/** @throws Problem `rule.invalid` if no rule can be loaded */
export function openAnswers({ config, batches }: AnswersParts): Answers {
  let loaded: LoadedRules = loadRules(config);
  /** The hash for which the rules were last loaded. */
  let followed = loaded.ruleset.hash;
  let costs: Costs | undefined;
  const open = opener(config);
  const contextOf: ContextOf = openContext({ ruleset: () => loaded.ruleset });
  const book = new Book(config.console.maxFindingBytes, open, () => contextOf);
  const pipelineOf = (ruleset: Ruleset): Parts => {
    const { outlining, ...parts } = partsOf(config, () => ruleset, []);
    return parts;
  };

  function find(id: string): Found {
    const found = book.find(id);
    if (found === undefined) throw new Problem('console.gone', `there is no finding ${id.slice(0, 64)}`);
    return found;
  }

  function pageOf({ kept, opened, index, row }: Found): FindingPage {
    const emitted = opened.emitted[index]!;
    const { finding } = emitted;
    const { ruleset } = loaded;
    const head = contextOf(emitted).rule;
    const event = emitted.kind === 'finding' ? opened.events[emitted.finding.event] : undefined;
    const rule = ruleset.rules.find((one) => one.rule.name === finding.rule);
    const [mediaType] = opened.batch.codec.mediaTypes;
    const tagged = kept.bytes === undefined ? undefined : taggedRecord(opened.batch, 0);
    return {
      ...row,
      finding,
      about: head ? { ...pick(head, ['description', 'falsepositives', 'references', 'path']) } : null,
      record: tagged === undefined ? null : Buffer.from(tagged.bytes).toString('base64'),
      mediaType: mediaType!,
      tag: tagged?.tag ?? null,
      normalized: event ?? null,
      explanation:
        rule && event ? shownExplanation(explain(rule, lookupOf(event, ruleset)), { nodes: MOST_NODES }) : null,
      fluentTag: emitted.fluentTag ?? null,
      line: book.line(row),
    };
  }

  /** For an event that is still kept. */
  async function whyNotId(auditID: string): Promise<WhyNot> {
    for (const kept of [...book.pages()].reverse().map((page) => page.kept)) {
      // The tag contains ids unless they are very long; JSON may escape their characters.
      if (kept.bytes === undefined || !kept.tag.includes(JSON.stringify(auditID).slice(1, -1))) continue;
      const { events, batch } = open(kept);
      if (!events.some((event) => event.auditID === auditID)) continue;
      const { detections } = await processBatch(
        { ...batch, ...{ receivedUnixNano: LAST } },
        pipelineOf(loaded.ruleset),
      );
      return whyNot(detections.find((one) => one !== undefined)!, loaded.ruleset);
    }
    const parts = pipelineOf(loaded.ruleset);
    for (const kept of (await batches()).toReversed()) {
      const batch = { ...kept, codec: codecNamed(kept.codec)!, bytes: kept.bytes.slice(), receivedUnixNano: LAST };
      if (Buffer.from(batch.bytes).indexOf(auditID) === -1) continue;
      const { records, eventsOf } = eventsIn(batch, parts);
      const record = records.find((one) => eventsOf(one).some((event) => event.auditID === auditID));
      if (record === undefined) continue;
      const alone = batch.codec.select(batch.bytes, [record]);
      const { detections } = await processBatch({ ...batch, bytes: alone.bytes }, parts);
      return whyNot(detections.find((one) => one !== undefined)!, loaded.ruleset);
    }
    const kept =
      config.console.maxRecordBytes === 0 ? '; only records with a finding are kept (console.maxRecordBytes)' : '';
    throw new Problem('console.gone', `no event that is kept has the auditID ${auditID.slice(0, 200)}${kept}`);
  }

  async function measure(): Promise<Rules> {
    const events: AuditEvent[] = [];
    let records = 0;
    const add = (more: readonly AuditEvent[]) => {
      events.push(...more.slice(0, MOST_MEASURED - events.length));
      records++;
    };
    const parts = pipelineOf(loaded.ruleset);
    for (const kept of (await batches()).toReversed()) {
      if (events.length >= MOST_MEASURED) break;
      const found = eventsIn({ ...kept, codec: codecNamed(kept.codec)!, bytes: kept.bytes.slice() }, parts);
      for (const record of found.records) if (events.length < MOST_MEASURED) add(found.eventsOf(record));
    }
    for (const { kept } of book.pages()) if (events.length < MOST_MEASURED) add(open(kept).events);
    costs = await measureCosts(loaded.ruleset, events, records);
    return rulesOf(loaded, book, costs);
  }

  async function tuned({ finding, by }: TuneRequest): Promise<Tuned> {
    const everything = { kept: [...book.pages()].map(({ kept }) => kept), batches: await batches() };
    const { ruleset } = loaded;
    const today = new Date().toISOString().slice(0, 10);
    return tuneFinding(find(finding), by, everything, { ruleset, sources: config, pipelineOf, today });
  }

  async function sessionOf(who: Who, { version, started, rules }: Status): Promise<Session> {
    const { maxRecordBytes } = config.console;
    return {
      ...{ version, started: started.toISOString(), ruleset: rules.ruleset, ...who },
      ring: { findings: book.reach, records: maxRecordBytes === 0 ? null : reachOf(await batches(), maxRecordBytes) },
    };
  }

  return {
    book,
    follow(ruleset) {
      if (ruleset === followed) return;
      followed = ruleset;
      loaded = loadRules(config, { before: loaded });
      costs = undefined;
    },
    async answer(ask, status) {
      switch (ask.kind) {
        case 'session':
          return sessionOf(ask.who, status);
        case 'now':
          return nowOf(status, book);
        case 'findings':
          return book.query(queryOf(ask.query));
        case 'finding':
          return pageOf(find(ask.id));
        case 'why-not':
          return whyNotText(ask.record, pipelineOf, loaded.ruleset);
        case 'why-not-id':
          return whyNotId(ask.auditID);
        case 'rules':
          return rulesOf(loaded, book, costs);
        case 'cost':
          return measure();
        case 'tune': {
          const { mayWrite, writeDenied } = ask.who;
          return { ...(await tuned(ask.request)), mayWrite, writeDenied };
        }
        case 'write':
          return writeTuned(ask.request.finding, await tuned(ask.request), config);
      }
    },
  };
}

/** Far in the future, so that no event is ahead of its receipt: records carry their own time. Unix nanoseconds. */
const LAST = 2n ** 62n;

function reachOf(batches: readonly KeptBatch[], maxBytes: number): Reach {
  const oldest = batches[0] && new Date(Number(batches[0].receivedUnixNano / 1_000_000n)).toISOString();
  const bytes = batches.reduce((sum, batch) => sum + batch.bytes.length, 0);
  return { held: batches.length, bytes, maxBytes, oldest: oldest ?? null, completeSince: oldest ?? null };
}

function pick<T, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, from[name]])) as Pick<T, K>;
}
