import Table from "cli-table3";
import { CommandError } from "./failure.ts";
import { printable } from "./printable.ts";

/** A reader gets so long once the command was interrupted, ms. */
const lastReadMs = 2_000;

/** Where a command writes: results to standard output, remarks to standard error. */
export class Output {
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  readonly #gone = new AbortController();
  #isNeeded = true;
  #failure: NodeJS.ErrnoException | null = null;

  constructor(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    stdout.on("error", (error: NodeJS.ErrnoException) => this.#failed(error));
    stderr.on("error", () => {});
  }

  /** Fires when nobody reads standard output any more, such as after `| head`, or it cannot be written. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** What is done is not done for its output: it goes on without. */
  forgo(): void {
    this.#isNeeded = false;
  }

  /**
   * Once what was written has gone out, remarks too. What was not read in time is not waited for again.
   * @param interrupted from then on its reader is not waited for much longer
   * @throws FlotillaError `ERR_FLOTILLA_STORAGE` when it could not be written, other than for want of a reader,
   * `ERR_FLOTILLA_ABORTED` when it was not read in time
   */
  async written(interrupted: AbortSignal): Promise<void> {
    if (this.#isNeeded && !(await this.#isRead(interrupted))) {
      this.forgo();
      throw new CommandError(
        "ERR_FLOTILLA_ABORTED",
        "interrupted before its output was read",
        "What it did is done; whatever was to read the output hangs.",
      );
    }
    if (this.#failure === null) return;
    const cause = this.#failure;
    throw new CommandError(
      "ERR_FLOTILLA_STORAGE",
      `the output could not be written: ${cause.message}`,
      "Write it to where there is room, and run the command again if it only shows something.",
      { cause },
    );
  }

  get isTerminal(): boolean {
    return this.#stdout.isTTY;
  }

  /** Where remarks go, for a dialogue. */
  get remarks(): NodeJS.WriteStream {
    return this.#stderr;
  }

  /** One line of text. */
  line(text: string): void {
    this.#write(`${text}\n`);
  }

  /** One value on one line. */
  json(value: unknown): void {
    this.#write(`${JSON.stringify(value)}\n`);
  }

  /** Exactly these bytes; on a terminal a missing newline is added. */
  bytes(value: Uint8Array): void {
    this.#write(value);
    if (this.isTerminal && value.at(-1) !== 10) this.#write("\n");
  }

  /** Rows under a head, aligned, without borders. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    this.line(tableText(head, rows));
  }

  /** A remark on standard error. */
  note(text: string): void {
    this.#stderr.write(`${text}\n`);
  }

  #isRead(interrupted: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      let late: NodeJS.Timeout | undefined;
      const hurry = (): void => {
        late = setTimeout(() => resolve(false), lastReadMs);
      };
      if (interrupted.aborted) hurry();
      else interrupted.addEventListener("abort", hurry, { once: true });
      const streams = [this.#stdout, this.#stderr];
      const gone = streams.map((stream) => new Promise<void>((done) => stream.write("", () => done())));
      void Promise.all(gone).then(() => {
        interrupted.removeEventListener("abort", hurry);
        clearTimeout(late);
        resolve(true);
      });
    });
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (!this.#isNeeded) return;
    if (error.code !== "EPIPE" && !this.#gone.signal.aborted) this.#failure = error;
    this.#gone.abort();
  }

  #write(chunk: string | Uint8Array): void {
    if (!this.#gone.signal.aborted) this.#stdout.write(chunk);
  }
}

/** Between two columns. */
const gap = "  ";

/** Columns aligned by blanks; no trailing blanks. */
export function tableText(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = head.length === 0 ? rows : [head, ...rows];
  const cells = all.map((row) => row.map(cellOf));
  const widths: number[] = [];
  for (const row of cells)
    for (const [column, { width }] of row.entries()) widths[column] = Math.max(widths[column] ?? 1, width);
  return cells
    .map((row) => row.map(({ text, width }, column) => text + " ".repeat((widths[column] ?? 0) - width)))
    .map((row) => withoutBlanksAtEnd(row.join(gap)))
    .join("\n");
}

/** An expression for it would try each run of blanks from each of its blanks: the square of what columns are wide. */
function withoutBlanksAtEnd(line: string): string {
  let end = line.length;
  while (line[end - 1] === " ") end -= 1;
  return line.slice(0, end);
}

interface Cell {
  readonly text: string;
  /** Columns that it takes on a terminal. */
  readonly width: number;
}

function cellOf(value: string): Cell {
  const text = printable(value);
  return { text, width: /^[ -~]*$/.test(text) ? text.length : wideWidth(text) };
}

/** Of a text with characters that may take two columns, or none. */
function wideWidth(text: string): number {
  const table = new Table({ style: { "padding-left": 0, "padding-right": 0, head: [], border: [] } });
  table.push([text]);
  table.toString();
  return table.options.colWidths[0] ?? text.length;
}
