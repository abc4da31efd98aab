/** JSON text in all equivalent spellings, and some that only Fluent Bit writes. */
import fc from '../properties.ts';

export interface JsonTextOptions {
  /** White space between tokens. */
  space: string;
  /** Also invalid JSON that Fluent Bit writes: bare nan and inf, keys that are not strings, `\x` escapes. */
  beyondJson: boolean;
}

const names = ['a', 'date', 'tripline', '__proto__', 'constructor', '', '0', 'é', 'log', 'a/b', 'Tripline', 'x y'];

/** A string in one of its spellings: each character as it is, or escaped. */
export function spelled(text: string): fc.Arbitrary<string> {
  const characters = [...text];
  return fc.array(fc.nat({ max: 3 }), { maxLength: characters.length }).map((choices) => {
    const parts = characters.map((character, i) => {
      if (choices[i] === 1) {
        return character
          .split('')
          .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
          .join('');
      }
      return choices[i] === 2 && character === '/' ? '\\/' : JSON.stringify(character).slice(1, -1);
    });
    return `"${parts.join('')}"`;
  });
}

const anyString = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ maxLength: 40 }),
  fc.constantFrom(...names, '"', '\\', '}', ']', ',', '{"a":', '\u2028', '\ud83d\ude00', '\\u0074ripline'),
);

const numbers = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '1.0',
    '1e3',
    '1E+3',
    '0.10',
    '-1.5e-7',
    '1e400',
    '9007199254740993',
    '18446744073709551615',
  ),
  fc.constantFrom(
    '18446744073709551616',
    '-9223372036854775808',
    '-9223372036854775809',
    '123456789012345678901234567890',
  ),
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
);

function space(options: JsonTextOptions): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...options.space), maxLength: 3 }) },
  );
}

/** The parts of a map's text: `{`, then lead, member and trail of each member with commas between, then `}`. */
export interface MapText {
  members: { lead: string; key: string; text: string; trail: string }[];
}

export function textOfMap(map: MapText): string {
  return `{${map.members.map(({ lead, text, trail }) => lead + text + trail).join(',')}}`;
}

/** Values and maps as text. */
export function jsonText(options: JsonTextOptions) {
  const gap = space(options);
  const around = (text: fc.Arbitrary<string>) => fc.tuple(gap, text, gap).map((parts) => parts.join(''));
  // After a key with a backslash, V8's JSON.parse misreads other keys that are spelled with escapes
  // (https://github.com/nodejs/node/issues/63785), so it would no longer be an oracle.
  const key = fc.oneof(fc.constantFrom(...names), anyString).filter((name) => !name.includes('\\'));
  const quoted = key.chain((name) => spelled(name).map((text) => ({ name, text })));
  const keyText = options.beyondJson
    ? fc.oneof(
        { weight: 6, arbitrary: quoted },
        { weight: 1, arbitrary: fc.constantFrom('1', '-2', 'null', '1.5').map((text) => ({ name: text, text })) },
      )
    : quoted;
  const scalars = [fc.constantFrom('true', 'false', 'null'), numbers, anyString.chain(spelled)];
  if (options.beyondJson) scalars.push(fc.constantFrom('nan', '-nan', 'inf', '-inf', 'NaN', '"\\x12"', '"\\q\\u12"'));
  const scalar = fc.oneof(...scalars);
  const { value, map } = fc.letrec<{ value: string; map: MapText }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'json' },
      scalar,
      fc.array(around(tie('value')), { maxLength: 4, depthIdentifier: 'json' }).map((items) => `[${items.join(',')}]`),
      tie('map').map(textOfMap),
    ),
    map: fc
      .array(fc.record({ lead: gap, key: keyText, colon: around(fc.constant(':')), value: tie('value'), trail: gap }), {
        maxLength: 6,
        depthIdentifier: 'json',
      })
      .map((members) => ({
        members: members.map(({ lead, key, colon, value, trail }) => ({
          lead,
          key: key.name,
          text: key.text + colon + value,
          trail,
        })),
      })),
  }));
  return { value, map, scalar, gap };
}
