import type { Index, RaftNode } from "@flotilla/raft";
import type { Host, Timer } from "@flotilla/runtime";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { ReadPoints } from "../online/read-points.ts";
import type { NodeView } from "../online/node-view.ts";
import { isPassing } from "./actor.ts";

export interface LogReaderOptions {
  readonly raft: Pick<RaftNode, "read">;
  readonly host: Host;
  readonly view: NodeView;
  readonly points: ReadPoints;
  readonly random: KeyedRandom;
  readonly meanMs: number;
  readonly isStopping: () => boolean;
  readonly crashed: (error: unknown) => void;
}

/** Reads the log of one member over and over, from within its process, whatever becomes of the cluster. */
export class LogReader {
  readonly #options: LogReaderOptions;
  #timer: Timer | null = null;
  #stopped = false;

  constructor(options: LogReaderOptions) {
    this.#options = options;
  }

  /** Goes on until the process ends, everybody is to stop, or `stop`. */
  start(): void {
    this.#later();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #later(): void {
    const { host, random, meanMs } = this.#options;
    if (this.#stopped) return;
    this.#timer = host.clock.setTimer(meanMs * (0.25 + 1.5 * random.float()), () => this.#read());
  }

  #read(): void {
    const { raft, points, isStopping } = this.#options;
    if (isStopping()) return;
    const least = points.committed;
    raft.read().then(
      (index) => this.#answered(index, least),
      (error: unknown) => this.#failed(error),
    );
  }

  #answered(index: Index, least: Index): void {
    const { points, view } = this.#options;
    points.answered(view, index, least);
    this.#later();
  }

  #failed(error: unknown): void {
    if (isPassing(error)) this.#later();
    else this.#options.crashed(error);
  }
}
