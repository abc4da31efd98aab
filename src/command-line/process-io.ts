/** What a command may touch of the process that it runs in; main.ts hands it over. */

export interface Output {
  /** Resolves when it is written, so that a slow reader slows the writer.
   * @throws OutputClosed */
  write(chunk: string | Uint8Array): Promise<void>;
  /** Columns of the terminal behind it; undefined where it is none. */
  columns: number | undefined;
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
  /** Calls the listener for each hang-up, by which a process is asked to read its files again; without one it ends. */
  onHangup(listener: () => void): void;
}

/** Thrown by a write whose reader has gone, as `head` does when it has enough. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}
