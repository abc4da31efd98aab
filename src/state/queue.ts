/** Values in the order in which they are evicted: a list that is threaded through them, so that moving one costs nothing. */

export interface Cell {
  readonly key: string;
  value: unknown;
  entries: number;
  /** Of the value and everything that it takes to keep it. */
  bytes: number;
  /** The time of its place when it was committed last. */
  touched: number;
  /** The value of `touched` when it was put in its place in the queue. */
  queuedAt: number;
  readonly created: number;
  readonly owner: string;
  readonly shelf: Shelf;
  queue: Queue | undefined;
  previous: Cell | undefined;
  next: Cell | undefined;
}

export interface Queue {
  /** The one that was longest untouched when it was put here. */
  first: Cell | undefined;
  last: Cell | undefined;
  bytes: number;
}

/** The latest event time of all changes of a place: Unix microseconds. */
export interface Age {
  time: number;
}

/** What is kept of one space and cluster. */
export interface Shelf {
  readonly place: string;
  /** The place's, by which values age. */
  readonly age: Age;
  /** Committed once, by owners that hold too much; evicted first. */
  readonly excess: Queue;
  /** Committed once. */
  readonly probation: Queue;
  /** Committed again, later than at first. */
  readonly protected: Queue;
  /** How many bytes of each owner are not protected. */
  readonly owners: Map<string, number>;
}

export function emptyQueue(): Queue {
  return { first: undefined, last: undefined, bytes: 0 };
}

export function enqueue(queue: Queue, cell: Cell): void {
  cell.queue = queue;
  cell.queuedAt = cell.touched;
  cell.previous = queue.last;
  cell.next = undefined;
  if (queue.last === undefined) queue.first = cell;
  else queue.last.next = cell;
  queue.last = cell;
  queue.bytes += cell.bytes;
}

export function dequeue(cell: Cell): void {
  const { queue, previous, next } = cell;
  if (queue === undefined) return;
  if (previous === undefined) queue.first = next;
  else previous.next = next;
  if (next === undefined) queue.last = previous;
  else next.previous = previous;
  queue.bytes -= cell.bytes;
  cell.queue = cell.previous = cell.next = undefined;
}

/** The cell that was longest untouched. A commit leaves a cell where it is, so that it costs nothing; cells touched since
 * are moved to their place here. */
export function oldestOf(queue: Queue): Cell | undefined {
  for (;;) {
    const { first } = queue;
    if (first === undefined || first.touched === first.queuedAt) return first;
    dequeue(first);
    enqueue(queue, first);
  }
}

export function* cellsOf(queue: Queue): Generator<Cell> {
  for (let cell = queue.first; cell !== undefined; cell = cell.next) yield cell;
}
