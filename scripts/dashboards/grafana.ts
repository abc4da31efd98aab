/** Grafana's JSON of a dashboard, from its declaration: rows of panels, each with its queries. */

/** The version of the format, which newer versions of Grafana convert when they load it. */
const SCHEMA_VERSION = 42;
/** Width units of a row. */
const ROW_WIDTH = 24;

export interface Panel {
  title: string;
  /** What it shows, and what to do: the text of the panel's info icon, and its row in docs/reference/dashboards.md. */
  description: string;
  type: 'stat' | 'timeseries' | 'table' | 'barchart';
  /** In Grafana's naming: `short` for numbers. */
  unit: string;
  /** Out of 24. */
  width: number;
  height: number;
  targets: readonly Target[];
  /** New name of each column of a table, or undefined for one that is hidden. */
  columns?: Readonly<Record<string, string | undefined>>;
  /** The new name of the column by which rows of a table or bars are sorted, highest first. */
  sortBy?: 'time' | 'number';
  /** For time series. */
  stacked?: boolean;
  /** Whether its series are levels, by name. */
  areLevels?: boolean;
  /** Threshold of a fault: from this value on, a stat and a line are red. */
  redFrom?: number;
  /** Alerts whose number it shows. */
  alerts?: readonly string[];
}

export type Target = Readonly<Record<string, unknown> & { refId: string }>;

export interface Row {
  title: string;
  panels: readonly Panel[];
}

export interface Dashboard {
  /** Part of its address, so it must not change. Its file has the same name. */
  uid: string;
  title: string;
  description: string;
  /** Type of its data source, and its display name. */
  source: { type: string; label: string };
  /** What its reader can choose, in addition to the data source. */
  variables: readonly object[];
  /** Minimum distance between two points: `1m`. */
  interval: string;
  from: string;
  rows: readonly Row[];
}

/** What the variable `datasource` is set to. */
export const sourceOf = (type: string) => ({ type, uid: '$datasource' });

export function dashboardJson(declared: Dashboard): object {
  const { uid, title, description, source, variables, from, rows, interval } = declared;
  return {
    uid,
    title,
    description,
    tags: ['tripline'],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: false,
    graphTooltip: 1,
    timezone: 'browser',
    time: { from, to: 'now' },
    refresh: '1m',
    annotations: { list: [] },
    links: [
      {
        type: 'dashboards',
        title: 'Tripline',
        tags: ['tripline'],
        asDropdown: true,
        includeVars: false,
        keepTime: true,
        targetBlank: false,
        icon: 'external link',
        tooltip: 'The other dashboards of Tripline',
        url: '',
      },
    ],
    templating: {
      list: [
        {
          type: 'datasource',
          name: 'datasource',
          label: 'Data source',
          description: `Which ${source.label} to ask.`,
          query: source.type,
          regex: '',
          multi: false,
          includeAll: false,
          refresh: 1,
          options: [],
        },
        ...variables,
      ],
    },
    panels: placed(rows).map((panel, index) => ({ id: index + 1, ...panelJson(panel, source.type, interval) })),
  };
}

type Place = Readonly<{ gridPos: { x: number; y: number; w: number; h: number } }>;

/** Panels from left to right, with a new line when one is full. */
function placed(rows: readonly Row[]): (Place & (Panel | { title: string; type: 'row' }))[] {
  let y = 0;
  return rows.flatMap(({ title, panels }) => {
    const head = { title, type: 'row' as const, gridPos: { x: 0, y, w: ROW_WIDTH, h: 1 } };
    y += 1;
    let [x, height] = [0, 0];
    const all = panels.map((panel) => {
      if (x + panel.width > ROW_WIDTH) {
        y += height;
        [x, height] = [0, 0];
      }
      const gridPos = { x, y, w: panel.width, h: panel.height };
      x += panel.width;
      height = Math.max(height, panel.height);
      return { ...panel, gridPos };
    });
    y += height;
    return [head, ...all];
  });
}

function panelJson(panel: ReturnType<typeof placed>[number], source: string, interval: string): object {
  const { title, type, gridPos } = panel;
  if (panel.type === 'row') return { type, title, collapsed: false, gridPos, panels: [] };
  const { description, targets, columns } = panel;
  const datasource = sourceOf(source);
  return {
    type,
    title,
    description,
    gridPos,
    datasource,
    ...(type === 'timeseries' && { interval }),
    targets: targets.map((target) => ({ ...target, datasource })),
    ...(columns && { transformations: [organized(columns), ...sorted(panel)] }),
    options: options[panel.type](panel),
    fieldConfig: fieldConfig(panel),
  };
}

function organized(columns: NonNullable<Panel['columns']>): object {
  const entries = Object.entries(columns);
  const shown = entries.flatMap(([from, to]) => (to === undefined ? [] : [[from, to] as const]));
  return {
    id: 'organize',
    options: {
      excludeByName: Object.fromEntries(entries.flatMap(([from, to]) => (to === undefined ? [[from, true]] : []))),
      indexByName: Object.fromEntries(shown.map(([from], index) => [from, index])),
      renameByName: Object.fromEntries(shown),
    },
  };
}

/** A table is sorted by default, and lets its reader choose another column. */
function sorted({ type, sortBy: field }: Panel): object[] {
  return type === 'barchart' ? [{ id: 'sortBy', options: { sort: [{ field, desc: true }] } }] : [];
}

const options: Record<Panel['type'], (panel: Panel) => object> = {
  stat: ({ redFrom }) => ({
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    colorMode: redFrom === undefined ? 'none' : 'background',
    graphMode: 'none',
    justifyMode: 'auto',
    orientation: 'auto',
    textMode: 'auto',
    wideLayout: true,
    showPercentChange: false,
    percentChangeColorMode: 'standard',
  }),
  timeseries: ({ width }) => ({
    legend:
      width < ROW_WIDTH / 2
        ? { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] }
        : { displayMode: 'table', placement: 'right', showLegend: true, calcs: ['lastNotNull', 'max'] },
    tooltip: { mode: 'multi', sort: 'desc', hideZeros: true },
  }),
  table: ({ sortBy }) => ({
    frameIndex: 0,
    showHeader: true,
    cellHeight: 'sm',
    sortBy: sortBy === undefined ? [] : [{ displayName: sortBy, desc: true }],
  }),
  barchart: ({ columns = {} }) => ({
    xField: Object.values(columns).find((name) => name !== undefined),
    orientation: 'horizontal',
    legend: { displayMode: 'list', placement: 'bottom', showLegend: false, calcs: [] },
    tooltip: { mode: 'single', sort: 'none' },
    stacking: 'none',
    showValue: 'auto',
    groupWidth: 0.7,
    barWidth: 0.97,
    barRadius: 0,
    xTickLabelRotation: 0,
    xTickLabelSpacing: 0,
    xTickLabelMaxLength: 0,
    fullHighlight: false,
  }),
};

/** A level has the same colour wherever it is shown. */
const levelColors: Readonly<Record<string, string>> = {
  critical: 'purple',
  high: 'red',
  medium: 'orange',
  low: 'yellow',
  informational: 'blue',
};

function fieldConfig({ type, unit, stacked = false, areLevels = false, redFrom, columns = {} }: Panel): object {
  const red = redFrom === undefined ? [] : [{ color: 'red', value: redFrom }];
  const thresholds = {
    mode: 'absolute',
    steps: [{ color: redFrom === undefined ? 'text' : 'green', value: null }, ...red],
  };
  const defaults = { unit, noValue: type === 'stat' ? '0' : 'none', thresholds };
  switch (type) {
    case 'timeseries': {
      const bars = { drawStyle: 'bars', fillOpacity: 70, lineWidth: 0, stacking: { mode: 'normal', group: 'A' } };
      const lines = { drawStyle: 'line', fillOpacity: 5, lineWidth: 1, showPoints: 'auto', spanNulls: false };
      const custom = stacked ? bars : { ...lines, ...(red.length > 0 && { thresholdsStyle: { mode: 'dashed' } }) };
      const overrides = Object.entries(levelColors).map(([level, fixedColor]) => ({
        matcher: { id: 'byName', options: level },
        properties: [{ id: 'color', value: { mode: 'fixed', fixedColor } }],
      }));
      return {
        defaults: { ...defaults, min: 0, color: { mode: 'palette-classic' }, custom },
        overrides: areLevels ? overrides : [],
      };
    }
    case 'table': {
      const names = Object.values(columns).flatMap((name) => name ?? []);
      return {
        defaults: { ...defaults, custom: { align: 'auto', inspect: false, filterable: true } },
        overrides: names.flatMap(overrideOfColumn),
      };
    }
    case 'barchart': {
      return {
        defaults: { ...defaults, min: 0, color: { mode: 'palette-classic' }, custom: { fillOpacity: 80 } },
        overrides: [],
      };
    }
    case 'stat':
      return { defaults: { ...defaults, color: { mode: 'thresholds' } }, overrides: [] };
  }
}

/** How a column with this name is shown. */
function overrideOfColumn(name: string): object[] {
  const matcher = { id: 'byName', options: name };
  const width = { id: 'custom.width', value: 110 };
  if (name === 'level') {
    const colors = Object.entries(levelColors).map(([level, color]) => [level, { color, index: 0 }]);
    const mappings = [{ type: 'value', options: Object.fromEntries(colors) }];
    const cellOptions = { type: 'color-text' };
    return [
      {
        matcher,
        properties: [{ id: 'mappings', value: mappings }, { id: 'custom.cellOptions', value: cellOptions }, width],
      },
    ];
  }
  if (name === 'time') {
    return [
      {
        matcher,
        properties: [
          { id: 'unit', value: 'dateTimeAsIso' },
          { id: 'custom.width', value: 170 },
        ],
      },
    ];
  }
  if (name === 'number') return [{ matcher, properties: [width] }];
  return [];
}
