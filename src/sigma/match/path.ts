/** Dotted names, split once for all the data that they are looked up in. */

/** A dotted name. Keys may contain dots, so it can be cut at any of its dots. */
export class Path {
  readonly name: string;
  #cuts: readonly Cut[] | undefined;
  #below: Map<string, Path> | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** Each key before a dot, the shortest first, with what follows it. */
  get cuts(): readonly Cut[] {
    return (this.#cuts ??= cutsOf(this.name));
  }

  /** The name followed by a dot and another. */
  below(name: string): Path {
    this.#below ??= new Map();
    let path = this.#below.get(name);
    if (path === undefined) this.#below.set(name, (path = pathOf(`${this.name}.${name}`)));
    return path;
  }
}

export interface Cut {
  key: string;
  rest: Path;
}

/** By name. Names come from rules and fields, so events cannot add any. */
const paths = new Map<string, Path>();

export function pathOf(name: string): Path {
  let path = paths.get(name);
  if (path === undefined) paths.set(name, (path = new Path(name)));
  return path;
}

function cutsOf(name: string): Cut[] {
  const cuts: Cut[] = [];
  // A key has at least one character.
  for (let dot = name.indexOf('.', 1); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    cuts.push({ key: name.slice(0, dot), rest: pathOf(name.slice(dot + 1)) });
  }
  return cuts;
}
