/** What a command may touch of the process that it runs in; main.ts hands it over. */

export interface Output {
  /** Resolves when it is written, so that a slow reader slows the writer.
   * @throws OutputClosed */
  write(chunk: string | Uint8Array): Promise<void>;
  /** Columns of the terminal that it is, as wide as it is now; undefined where it is none. */
  readonly columns: number | undefined;
  /** Lines of the terminal. */
  readonly rows: number | undefined;
  /** Whether it shows colours, and is wanted to. */
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
  /** Has a text written to stdout when the process ends, by whatever: what leaves a terminal as it was. Undefined for none. */
  writeAtExit(text: string | undefined): void;
  /** Calls the listener for each hang-up, by which a process is asked to read its files again; without one it ends. */
  onHangup(listener: () => void): void;
}

/** Thrown by a write whose reader has gone, as `head` does when it has enough. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}
