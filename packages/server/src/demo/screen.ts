import { createLogUpdate } from "log-update";
import type { ViewState } from "./view.ts";
import { render } from "./view.ts";

const drawEveryMs = 100;

/** What keys do. */
export type KeyHandler = (key: string) => void;

/** The live view on a terminal; keys are read while it is open. */
export class Screen {
  readonly #stdout: NodeJS.WriteStream;
  readonly #stdin: NodeJS.ReadStream;
  readonly #state: () => ViewState;
  readonly #draw: ReturnType<typeof createLogUpdate>;
  readonly #timer: NodeJS.Timeout;
  readonly #onData: (data: Buffer) => void;
  readonly #onResize: () => void;

  constructor(
    stdout: NodeJS.WriteStream,
    stdin: NodeJS.ReadStream,
    state: () => ViewState,
    onKey: KeyHandler,
  ) {
    this.#stdout = stdout;
    this.#stdin = stdin;
    this.#state = state;
    this.#draw = createLogUpdate(stdout);
    this.#onData = (data) => {
      for (const key of data.toString("utf8")) onKey(key);
    };
    this.#onResize = () => {
      this.#draw.clear();
      this.draw();
    };
    this.#timer = setInterval(() => this.draw(), drawEveryMs);
    stdout.on("resize", this.#onResize);
    if (stdin.isTTY) {
      stdin.setRawMode(true);
      stdin.on("data", this.#onData);
      stdin.resume();
    }
    this.draw();
  }

  draw(): void {
    this.#draw(render(this.#state(), { columns: this.#stdout.columns, rows: this.#stdout.rows }));
  }

  /** Leaves the last picture and gives the terminal back. Idempotent. */
  close(): void {
    clearInterval(this.#timer);
    this.#stdout.off("resize", this.#onResize);
    if (this.#stdin.isTTY) {
      this.#stdin.off("data", this.#onData);
      this.#stdin.setRawMode(false);
      this.#stdin.pause();
    }
    this.#draw.done();
  }
}
