/** Reads values by the schema that they were written with: a few fields of a record, skipping all others. An avsc reader
 * would trust the counts in the bytes, and loop for as long as a broken one says. */
import { isMap } from '../json/map.ts';
import { type Cursor, corrupt } from './cursor.ts';

/** Moves past a value. */
type Skip = (cursor: Cursor, depth: number) => void;

/** Most values inside of values; ours have some ten. */
const MAX_DEPTH = 100;

const primitives = new Map<string, Skip>(
  Object.entries<Skip>({
    null: () => {},
    boolean: (cursor) => void cursor.take(1),
    int: (cursor) => void cursor.long(),
    long: (cursor) => void cursor.long(),
    float: (cursor) => void cursor.take(4),
    double: (cursor) => void cursor.take(8),
    bytes: (cursor) => void cursor.bytes(),
    string: (cursor) => void cursor.bytes(),
  }),
);

/** Makes a reader of fields of a record: bytes of those of type bytes and string, null for an optional one that is absent.
 * @param schema of the writer, in JSON
 * @throws Error if it is not the schema of a record with such fields */
export function fieldsReader<const Name extends string>(
  schema: string,
  wanted: readonly Name[],
): (cursor: Cursor) => Record<Name, Uint8Array | null> {
  const written: unknown = JSON.parse(schema);
  if (!isMap(written) || written.type !== 'record' || !Array.isArray(written.fields))
    throw new Error('it has no fields');
  const names = new Map<string, Skip>();
  const skipOf = compiler(names);
  // Names that are used refer to earlier types, or to the record itself.
  skipOf(written, '');
  const fields = (written.fields as unknown[]).map((field) => {
    if (!isMap(field)) throw new Error('a field is not an object');
    const { name, type } = field;
    const isWanted = wanted.includes(name as Name);
    return {
      name: name as Name,
      read: isWanted ? textReader(type) : undefined,
      skip: skipOf(type, namespaceOf(written)),
    };
  });
  for (const name of wanted)
    if (!fields.some((field) => field.name === name)) throw new Error(`it has no field ${name}`);
  return (cursor) => {
    const read = {} as Record<Name, Uint8Array | null>;
    for (const field of fields) {
      if (field.read === undefined) field.skip(cursor, 1);
      else read[field.name] = field.read(cursor);
    }
    return read;
  };
}

function textReader(type: unknown): (cursor: Cursor) => Uint8Array | null {
  if (type === 'bytes' || type === 'string') return (cursor) => cursor.bytes();
  if (!Array.isArray(type)) throw new Error('a field is not text');
  const branches = type.map((branch) => (branch === 'null' ? () => null : textReader(branch)));
  return (cursor) => branchOf(branches, cursor)(cursor);
}

function branchOf<T>(branches: readonly T[], cursor: Cursor): T {
  const branch = branches[cursor.long()];
  if (branch === undefined) throw corrupt('a union has no such branch');
  return branch;
}

function namespaceOf({ name, namespace }: Record<string, unknown>, enclosing = ''): string {
  const text = String(name);
  if (text.includes('.')) return text.slice(0, text.lastIndexOf('.'));
  return typeof namespace === 'string' ? namespace : enclosing;
}

function fullName(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}

/** @param names of types, each known from its definition on */
function compiler(names: Map<string, Skip>): (schema: unknown, namespace: string) => Skip {
  function define(schema: Record<string, unknown>, namespace: string, make: (inner: string) => Skip): Skip {
    const inner = namespaceOf(schema, namespace);
    const name = fullName(String(schema.name), inner);
    let made: Skip | undefined;
    // A record may hold others of its own type.
    names.set(name, (cursor, depth) => made!(cursor, depth));
    made = make(inner);
    return made;
  }

  function skipOf(schema: unknown, namespace: string): Skip {
    if (Array.isArray(schema)) {
      const branches = schema.map((branch) => skipOf(branch, namespace));
      return (cursor, depth) => branchOf(branches, cursor)(cursor, deeper(depth));
    }
    if (typeof schema === 'string') {
      const found = primitives.get(schema) ?? names.get(fullName(schema, namespace));
      if (found === undefined) throw new Error(`there is no type ${schema.slice(0, 100)}`);
      return found;
    }
    if (!isMap(schema)) throw new Error('a type is not an object');
    switch (schema.type) {
      case 'record':
        return define(schema, namespace, (inner) => {
          const fields = (schema.fields as { type: unknown }[]).map(({ type }) => skipOf(type, inner));
          return (cursor, depth) => {
            for (const skip of fields) skip(cursor, deeper(depth));
          };
        });
      case 'enum':
        return define(schema, namespace, () => primitives.get('int')!);
      case 'fixed':
        return define(schema, namespace, () => (cursor) => void cursor.take(Number(schema.size)));
      case 'array':
        return blocks(skipOf(schema.items, namespace));
      case 'map': {
        const value = skipOf(schema.values, namespace);
        return blocks((cursor, depth) => {
          cursor.bytes();
          value(cursor, depth);
        });
      }
      default:
        // A type with attributes that say nothing about its bytes, such as a logical type.
        return skipOf(schema.type, namespace);
    }
  }
  return skipOf;
}

/** Items of an array or a map, in counted blocks, up to an empty one. */
function blocks(item: Skip): Skip {
  return (cursor, depth) => {
    for (let count = cursor.long(); count !== 0; count = cursor.long()) {
      // A negative count is followed by the size in bytes.
      if (count < 0) cursor.bytes();
      else if (count > cursor.left) throw corrupt(`a list claims to have ${count} items in ${cursor.left} bytes`);
      else skipItems(item, count, cursor, deeper(depth));
    }
  };
}

function skipItems(item: Skip, count: number, cursor: Cursor, depth: number): void {
  for (let index = 0; index < count; index++) {
    const before = cursor.left;
    item(cursor, depth);
    // The others do not have any bytes either.
    if (cursor.left === before) return;
  }
}

function deeper(depth: number): number {
  if (depth === MAX_DEPTH) throw corrupt(`it nests deeper than ${MAX_DEPTH} values`);
  return depth + 1;
}
