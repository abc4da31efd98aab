/** A URI that counts as usual says nothing beyond the objectRef of its event, or names no object if there is none. */
import { expect, test } from 'vitest';
import { normalize } from '../../src/normalizers/index.ts';
import { eventKeys } from '../../src/outline/event-keys.ts';
import { OutlineOptions, Outlines } from '../../src/outline/outlines.ts';
import { USUAL_URI } from '../../src/outline/slots.ts';
import type { AuditEvent } from '../../src/record.ts';
import fc from '../properties.ts';

const options = new OutlineOptions(eventKeys('date', 'tripline'), 64);

const part = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('pods', 'shop', 'web-1', 'namespaces', 'v1', 'apps', 'secrets', 'exec') },
  {
    weight: 3,
    arbitrary: fc.constantFrom('', 'proxy', 'watch', 'api', 'apis', '..', '.', 'status', 'finalize', 'pod', 'podss'),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('%70ods', 'pods%2fx', 'a b', 'é', '#', ';x=1', '?', 'pods?', '\\', '"', 'core'),
  },
);
const segments = fc.array(part, { maxLength: 8 });

interface Ref {
  apiGroup?: string;
  apiVersion?: string;
  namespace?: string;
  resource?: string;
  name?: string;
  subresource?: string;
}

const ref: fc.Arbitrary<Ref> = fc.record(
  {
    apiGroup: fc.constantFrom('', 'apps', 'core', 'batch'),
    apiVersion: fc.constantFrom('v1', 'v1beta1', '', 'apps/v1'),
    namespace: part,
    resource: part,
    name: part,
    subresource: part,
  },
  { requiredKeys: [] },
);

/** The path of the object, with parts that may be repeated, misplaced or missing. */
function pathOf({ apiGroup, apiVersion = 'v1', namespace, resource, name, subresource }: Ref): string[] {
  const root = apiGroup ? ['apis', apiGroup] : ['api'];
  const inside =
    namespace === undefined || namespace === '' || resource === 'namespaces' ? [] : ['namespaces', namespace];
  return [
    '',
    ...root,
    apiVersion,
    ...inside,
    ...[resource, name, subresource].filter((each) => each !== undefined),
  ] as string[];
}

const path = (ref: Ref): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(pathOf(ref).join('/')) },
    {
      weight: 3,
      arbitrary: fc.tuple(fc.nat(), fc.nat({ max: 1 }), segments).map(([at, cut, some]) => {
        const parts = pathOf(ref);
        parts.splice(at % (parts.length + 1), cut, ...some.slice(0, 2));
        return parts.join('/');
      }),
    },
    { weight: 1, arbitrary: segments.map((some) => `/${some.join('/')}`) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '/',
        '/api',
        '/apis',
        '/api/',
        '/apis/apps',
        '/healthz',
        '/version',
        '/apis/apps/v1',
        '*',
      ),
    },
  );

const query = fc
  .array(
    fc.constantFrom(
      ...[
        'dryRun=All',
        'dryRun',
        'dryRun=None',
        '%64ryRun=All',
        'dryrun=All',
        'limit=5',
        'x=dryRun=All',
        '+dryRun=All',
        '',
      ],
      ...[
        'dryRun=%41ll',
        'dry+Run=All',
        'a=?dryRun=All',
        'dry\\u0052un=All',
        'watch=true',
        'dryRun=all',
        '=',
        '%',
        '#dryRun=All',
      ],
    ),
    { maxLength: 4 },
  )
  .chain((some) => fc.constantFrom('&', '\\u0026', ';', '\\u003b').map((joint) => some.join(joint)));

const uri = (ref: Ref) =>
  fc.oneof(
    path(ref),
    fc.tuple(path(ref), query).map(([path, query]) => `${path}?${query}`),
  );

const request = fc
  .option(ref, { nil: undefined, freq: 5 })
  .chain((ref) => uri(ref ?? {}).map((requestURI) => ({ ref, requestURI })));

function eventOf(text: string): AuditEvent {
  const found = normalize(JSON.parse(text), { maxDepth: 64 });
  if (found.kind !== 'audit') throw new Error('no audit event');
  return found.events[0];
}

/** A URI as the text of a JSON string; one that holds escapes is spelled with them. */
const textOf = (requestURI: string, objectRef: object | undefined) => {
  const quoted = /^(?:[^"\\]|\\u00[23][0-9a-f])*$/.test(requestURI) ? `"${requestURI}"` : JSON.stringify(requestURI);
  const head =
    '"kind":"Event","apiVersion":"audit.k8s.io/v1","verb":"get","user":{"username":"a"},"stage":"ResponseComplete"';
  return `{${head},"requestURI":${quoted}${objectRef ? `,"objectRef":${JSON.stringify(objectRef)}` : ''}}`;
};

let usual = 0;

test('an event with a usual URI equals the event with only the plain path of its object', () => {
  fc.assert(
    fc.property(request, ({ ref, requestURI }) => {
      if (requestURI === '') return;
      const text = textOf(requestURI, ref);
      const bytes = Buffer.from(text);
      const outlines = new Outlines(bytes, options);
      if (outlines.addJson(0) === -1 || outlines.spans[USUAL_URI] !== 1) return;
      usual++;
      const { objectRef, dryRun, gaps } = eventOf(text);
      expect(dryRun, text).toBe(false);
      if (ref === undefined) {
        expect(objectRef, text).toBeNull();
        expect(gaps.objectRef, text).toBeUndefined();
        return;
      }
      // The same as with a URI that names nothing.
      expect(objectRef, text).toEqual(eventOf(textOf('/healthz', ref)).objectRef);
      const { namespace = '', name = '' } = ref;
      expect(objectRef, text).toMatchObject({ namespace, name });
      // A profile does not distinguish objects of one kind, except by whether they have a namespace.
      const another = { ...ref, namespace: namespace && 'other', name: 'another' };
      if (another.resource === 'namespaces') another.namespace = 'another';
      expect(gaps, text).toEqual(eventOf(textOf(pathOf(another).join('/'), another)).gaps);
    }),
    { numRuns: 2500 },
  );
  // Otherwise the property proves little.
  expect(usual).toBeGreaterThan(250);
});
