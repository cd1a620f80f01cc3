/** Something that happened, for the view, for people and for programs. */
export interface DemoEvent {
  readonly type:
    | "started"
    | "member"
    | "leader"
    | "vacant"
    | "workers"
    | "fault"
    | "paused"
    | "resumed"
    | "stale-refused"
    | "fault-over"
    | "wrong"
    | "problem"
    | "note";
  /** Since the start of the demo. */
  readonly atMs: number;
  readonly text: string;
  /** Facts for programs. */
  readonly facts: Readonly<Record<string, unknown>>;
}

const keptEvents = 200;

/** All events go through here. */
export class Events {
  readonly #elapsedMs: () => number;
  readonly #sink: (event: DemoEvent) => void;
  readonly #recent: DemoEvent[] = [];

  constructor(elapsedMs: () => number, sink: (event: DemoEvent) => void) {
    this.#elapsedMs = elapsedMs;
    this.#sink = sink;
  }

  /** The last ones, oldest first. */
  get recent(): readonly DemoEvent[] {
    return this.#recent;
  }

  add(type: DemoEvent["type"], text: string, facts: Readonly<Record<string, unknown>> = {}): void {
    const event: DemoEvent = { type, atMs: Math.round(this.#elapsedMs()), text, facts };
    this.#recent.push(event);
    if (this.#recent.length > keptEvents) this.#recent.shift();
    this.#sink(event);
  }
}

/** ` 12.34s  text` */
export function eventLine({ atMs, text }: DemoEvent): string {
  return `${(atMs / 1_000).toFixed(2).padStart(7)}s  ${text}`;
}

/** One JSON object. */
export function eventJson({ type, atMs, text, facts }: DemoEvent): Record<string, unknown> {
  return { type, atMs, ...facts, text };
}
