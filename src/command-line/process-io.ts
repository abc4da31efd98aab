/** The parts of its process that a command may use; main.ts provides them. */

export interface Output {
  /** Resolves when it is written, so that a slow reader slows the writer.
   * @throws OutputClosed */
  write(chunk: string | Uint8Array): Promise<void>;
  /** Current number of columns of the terminal; undefined if it is not a terminal. */
  readonly columns: number | undefined;
  /** Lines of the terminal. */
  readonly rows: number | undefined;
  /** Whether it can and should show colours. */
  hasColors: boolean;
}

export interface ProcessIo {
  /** Of Tripline. */
  version: string;
  environment: Readonly<Record<string, string | undefined>>;
  stdin: AsyncIterable<Uint8Array> & { readonly isTTY?: boolean };
  stdout: Output;
  stderr: Output;
  /** Folders that come with Tripline. */
  bundled: { rules: string; schemas: string };
  /** Resolves with the next signal that asks the process to stop. */
  stopped(): Promise<string>;
  /** Has a text written to stdout when the process ends, for any reason, to restore a terminal. Undefined for none. */
  writeAtExit(text: string | undefined): void;
  /** Calls the listener for each SIGHUP, which asks a process to read its files again; without a listener the process ends. */
  onHangup(listener: () => void): void;
}

/** Thrown by a write whose reader is gone, as with `head` once it has enough. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}
