/** Tagged records in Elasticsearch or OpenSearch, with the index template of examples/opensearch: lists of a tag are nested
 * documents. */
import { type Column, type Question, ROWS, type Store } from '../findings.ts';

/** Fields of the record, and of each document in a list of its tag. */
const ofRecord: Partial<Record<Column, string>> = {
  identity: 'tripline.event.username',
  namespace: 'tripline.event.namespace',
};
const ofList: Partial<Record<Column, string>> = {
  level: 'level',
  rule: 'rule',
  summary: 'summary.keyword',
  workload: 'workload',
  technique: 'attack.technique',
  reason: 'reason',
  field: 'field',
  exception: 'exception',
};

/** Which records can have it: what is in a list cannot be queried on the record. */
const records: Record<Question['of'], string> = {
  findings: 'tripline.verdict:match',
  reports: '_exists_:tripline.routeLevel',
  shadow: '*',
  undecided: 'tripline.verdict:(match OR indeterminate)',
  silenced: '*',
};

const METRIC = '1';

function bucketAggs({ of, by, as, isGrave }: Question): object[] {
  const list = `tripline.${of}`;
  const terms = (field: string, settings: object = {}) => {
    const size = as === 'over time' ? '500' : String(ROWS);
    return {
      type: 'terms',
      field,
      settings: { min_doc_count: '1', size, order: 'desc', orderBy: '_count', ...settings },
    };
  };
  const nested = { type: 'nested', field: list, settings: {} };
  const fieldsOf = (map: Partial<Record<Column, string>>) => by.flatMap((column) => map[column] ?? []);
  const recordTerms = fieldsOf(ofRecord).map((field) => terms(field));
  const listTerms = fieldsOf(ofList).map((field) => terms(`${list}.${field}`));
  switch (as) {
    case 'total': {
      const query = isGrave ? `${list}.level:(high OR critical)` : '*';
      return [nested, { type: 'filters', settings: { filters: [{ query, label: of }] } }];
    }
    case 'over time': {
      const time = {
        type: 'date_histogram',
        field: `${list}.time`,
        settings: { interval: 'auto', min_doc_count: '0' },
      };
      return [nested, ...listTerms, time];
    }
    case 'newest':
      return [nested, terms(`${list}.id`, { orderBy: METRIC }), ...listTerms];
    case 'ranking':
      return [...recordTerms, nested, ...listTerms];
  }
}

export const elasticsearch: Store = {
  name: 'elasticsearch',
  source: { type: 'elasticsearch', label: 'Elasticsearch' },
  variables: [],
  note: 'Also for OpenSearch, whose own data source cannot query nested documents.',
  ask(question) {
    const { of, by, as } = question;
    const list = `tripline.${of}`;
    const hasId = of !== 'undecided' && of !== 'silenced';
    const unique = { type: 'cardinality', field: `${list}.id`, settings: { precision_threshold: '40000' } };
    const metric = as === 'newest' ? { type: 'max', field: `${list}.time` } : hasId ? unique : { type: 'count' };
    const named = by.flatMap((column) => {
      const [ofThis, ofEach] = [ofRecord[column], ofList[column]];
      return ofThis ? [[ofThis, column] as const] : ofEach ? [[`${list}.${ofEach}`, column] as const] : [];
    });
    const value = { max: 'Max', cardinality: 'Unique Count', count: 'Count' }[metric.type]!;
    const rows = as === 'newest' ? [[value, 'time'], ...named] : [...named, [value, 'number']];
    return {
      target: {
        refId: 'A',
        query: records[of],
        // The data source's own.
        timeField: '@timestamp',
        metrics: [{ id: METRIC, ...metric }],
        bucketAggs: bucketAggs(question).map((bucket, index) => ({ id: String(index + 2), ...bucket })),
        ...(as === 'over time' && { alias: `{{${named[0]![0]}}}` }),
      },
      columns: { ...(as === 'newest' && { [`${list}.id`]: undefined }), ...Object.fromEntries(rows) },
    };
  },
};
