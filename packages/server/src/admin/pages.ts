import type { Metric, NodeHealth, NodeLiveness } from "@flotilla/coord";

/** What is answered to one request. */
export interface Page {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** What the pages tell of. */
export interface Subject {
  liveness(): NodeLiveness;
  health(options: { readonly signal: AbortSignal }): Promise<NodeHealth>;
  metrics(): readonly Metric[];
}

export interface AdminPagesOptions {
  /** Writes metrics down, such as `prometheusText`. */
  readonly render: (metrics: readonly Metric[]) => string;
  /** Metrics of the process, whatever it does. */
  readonly process: () => readonly Metric[];
  readonly subject: Subject;
}

const plain = "text/plain; charset=utf-8";
const prometheus = "text/plain; version=0.0.4; charset=utf-8";

/** The pages of one process: `/livez`, `/readyz` and `/metrics`. */
export class AdminPages {
  readonly #render: (metrics: readonly Metric[]) => string;
  readonly #process: () => readonly Metric[];
  #subject: Subject;

  constructor({ render, process, subject }: AdminPagesOptions) {
    this.#render = render;
    this.#process = process;
    this.#subject = subject;
  }

  /** From now on they tell of this. */
  show(subject: Subject): void {
    this.#subject = subject;
  }

  async page(path: string, signal: AbortSignal): Promise<Page> {
    switch (path) {
      case "/livez": {
        const { live, problems } = this.#subject.liveness();
        return verdict(live, problems);
      }
      case "/readyz": {
        const { ready, problems } = await this.#subject.health({ signal });
        return verdict(ready, problems);
      }
      case "/metrics": {
        const metrics = [...this.#subject.metrics(), ...this.#process()];
        return { status: 200, type: prometheus, text: this.#render(metrics) };
      }
      default:
        return { status: 404, type: plain, text: "/livez, /readyz or /metrics\n" };
    }
  }
}

/** Of a process that is not a member, or not yet: alive, and of no use to clients. */
export function notServing(problem: string): Subject {
  return {
    liveness: () => ({ live: true, problems: [] }),
    health: () => Promise.resolve({ live: true, ready: false, problems: [problem] }),
    metrics: () => [],
  };
}

function verdict(isGood: boolean, problems: readonly string[]): Page {
  const lines = isGood ? ["ok"] : problems;
  return { status: isGood ? 200 : 503, type: plain, text: `${lines.join("\n")}\n` };
}
