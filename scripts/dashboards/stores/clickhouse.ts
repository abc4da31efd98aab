/** Tagged records in ClickHouse, with the tables of examples/clickhouse. */
import { type Column, mayBeMissing, type Question, ROWS, type Store } from '../findings.ts';

/** For the table `findings`, which has each once. */
const kinds: Partial<Record<Question['of'], string>> = { findings: 'finding', reports: 'report', shadow: 'shadow' };
const columns: Partial<Record<Column, string>> = {
  identity: 'username',
  technique: 'arrayJoin(arrayDistinct(techniques))',
};

/** For a list without a table of its own. */
const ofList = (column: Column) => `JSONExtractString(one, '${column}')`;

function statement({ of, by, as, isGrave }: Question): string {
  const kind = kinds[of];
  const select = (column: Column) => {
    const from = kind ? (columns[column] ?? column) : ofList(column);
    return from === column ? column : `${from} AS ${column}`;
  };
  const number = kind ? 'count() AS number' : 'uniqExact(cityHash64(record, one)) AS number';
  const there = by
    .filter((column) => column === 'workload' && !mayBeMissing.has(column))
    .map((column) => `${column} != ''`);
  const where = [
    `kind = '${kind}'`,
    '$__timeFilter(time)',
    ...(isGrave ? ["level IN ('high', 'critical')"] : []),
    ...there,
  ];
  const list = `arrayJoin(JSONExtractArrayRaw(record, 'tripline', '${of}')) AS one`;
  const from = kind
    ? `FROM findings FINAL\nWHERE ${where.join(' AND ')}`
    : `FROM (SELECT record, ${list} FROM audit WHERE $__timeFilter(time))`;
  const selected = by.map(select).join(', ');
  switch (as) {
    case 'total':
      return `SELECT ${number}\n${from}`;
    case 'over time':
      return `SELECT $__timeInterval(time) AS at, ${selected}, ${number}\n${from}\nGROUP BY at, ${by.join(', ')}\nORDER BY at`;
    case 'ranking':
      return `SELECT ${selected}, ${number}\n${from}\nGROUP BY ${by.join(', ')}\nORDER BY number DESC\nLIMIT ${ROWS}`;
    case 'newest':
      return `SELECT ${selected}\n${from}\nORDER BY time DESC\nLIMIT ${ROWS}`;
  }
}

export const clickhouse: Store = {
  name: 'clickhouse',
  source: { type: 'grafana-clickhouse-datasource', label: 'ClickHouse' },
  variables: [],
  note: 'From the tables of the data source’s default database.',
  ask(question) {
    const isSeries = question.as === 'over time';
    const names = [...question.by, ...(question.as === 'newest' ? [] : ['number' as const])];
    return {
      target: {
        refId: 'A',
        editorType: 'sql',
        pluginVersion: '4.0.0',
        queryType: isSeries ? 'timeseries' : 'table',
        format: isSeries ? 0 : 1,
        rawSql: statement(question),
      },
      columns: Object.fromEntries(names.map((name) => [name, name])),
    };
  },
};
