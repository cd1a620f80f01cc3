import { setMaxListeners } from "node:events";
import { join } from "node:path";
import type { LeaderInfo } from "@flotilla/coord";
import { FlotillaError } from "@flotilla/runtime";
import { Corpus } from "../search/corpus.ts";
import { readDocuments } from "../search/documents.ts";
import { Dice } from "./dice.ts";
import { ownFolder, writeDocuments } from "./documents-file.ts";
import type { DemoEvent } from "./events.ts";
import { Events } from "./events.ts";
import type { FaultKind, FaultParts, FaultReport } from "./faults.ts";
import { runFault, whole } from "./faults.ts";
import { Fleet } from "./fleet.ts";
import type { Home } from "./home.ts";
import { makeHome } from "./home.ts";
import { Lookout } from "./lookout.ts";
import type { MemberSpec } from "./messages.ts";
import type { DemoOptions } from "./options.ts";
import { Queries } from "./queries.ts";
import { Schedule } from "./schedule.ts";
import type { Outcome } from "./summary.ts";
import { nowMs, sleep, until } from "./time.ts";
import type { ViewState } from "./view.ts";
import { viewState } from "./view-state.ts";
import { Writes } from "./writes.ts";

const memberCount = 5;
const voterCount = 3;
const cluster = "demo";
const sessionTtlMs = 1_500;

/** Runs the processes of the demo, asks and writes all the time, and does the faults. */
export class Supervisor {
  readonly events: Events;
  readonly #home: Home;
  readonly #fleet: Fleet;
  readonly #lookout: Lookout;
  readonly #queries: Queries;
  readonly #writes: Writes;
  readonly #dice: Dice;
  readonly #reports: FaultReport[] = [];
  readonly #stop = new AbortController();
  readonly #startMs = nowMs();
  readonly #documents: number;
  #leaderSinceMs = 0;
  #highestAnswered = 0;
  #fault: FaultKind | null = null;

  private constructor(home: Home, corpus: Corpus, options: DemoOptions, onEvent: (event: DemoEvent) => void) {
    // Every wait of the run hangs on it, and every read of its session.
    setMaxListeners(0, this.#stop.signal);
    this.#home = home;
    this.#documents = corpus.names.length;
    this.#dice = new Dice(options.seed);
    this.events = new Events(() => this.#elapsedMs, onEvent);
    const specs = memberSpecs(home);
    const endpoints = specs[0]?.endpoints ?? [];
    this.#fleet = new Fleet({
      specs,
      logFile: (id) => join(home.folder, `${id}.log`),
      events: this.events,
      stop: this.#stop.signal,
    });
    this.#lookout = new Lookout({
      endpoints,
      cluster,
      sessionTtlMs,
      onLeader: (leader) => this.#onLeader(leader),
      onWorkers: (workers) => this.#fleet.seenWorkers(workers),
    });
    this.#writes = new Writes(() => this.#lookout.session);
    this.#queries = new Queries({
      corpus,
      dice: new Dice(options.seed ^ 0x5eed),
      leader: () => this.#fleet.leader,
      onAnswer: ({ epoch }) => this.#onAnswer(epoch),
      onWrong: (query) => this.events.add("wrong", `wrong answer to ${JSON.stringify(query)}`, { query }),
    });
  }

  /**
   * Reads the documents and makes a place for the data; nothing runs yet.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG`
   */
  static async prepare(options: DemoOptions, onEvent: (event: DemoEvent) => void): Promise<Supervisor> {
    const documents = await readDocuments(options.docs ?? ownFolder());
    const home = await makeHome(options.data, voterCount);
    try {
      await writeDocuments(join(home.folder, "documents.json"), documents);
      return new Supervisor(home, new Corpus(documents), options, onEvent);
    } catch (error) {
      await home.remove();
      throw error;
    }
  }

  /**
   * Runs until `stop` fires or the time of the options is over, then closes everything.
   * @throws FlotillaError when the cluster never came up
   */
  async run(options: DemoOptions, stop: AbortSignal): Promise<Outcome> {
    const onStop = (): void => this.#stop.abort();
    if (stop.aborted) onStop();
    else stop.addEventListener("abort", onStop, { once: true });
    const onExit = (): void => this.#abandon();
    process.on("exit", onExit);
    const { signal } = this.#stop;
    this.#start(options);
    const loops = [this.#lookout.run(signal), this.#queries.run(signal), this.#writes.run(signal)];
    try {
      await Promise.race([this.#play(options), ...loops]);
      return this.#outcome(stop.aborted);
    } finally {
      this.#stop.abort();
      await Promise.allSettled(loops);
      await this.#fleet.close();
      process.off("exit", onExit);
      await this.#home.remove();
    }
  }

  /** Does a fault now, for someone at the keys; not while another one is being recovered from. */
  async fault(kind: FaultKind): Promise<void> {
    if (this.#fault !== null) {
      this.events.add("note", `wait: still recovering from ${this.#fault}`);
      return;
    }
    await this.#doFault(kind);
  }

  view(): ViewState {
    return viewState({
      fleet: this.#fleet,
      queries: this.#queries,
      writes: this.#writes,
      events: this.events,
      elapsedMs: this.#elapsedMs,
      leaderForMs: nowMs() - this.#leaderSinceMs,
      documents: this.#documents,
      busy: this.#fault,
    });
  }

  get #elapsedMs(): number {
    return nowMs() - this.#startMs;
  }

  #start({ seed }: DemoOptions): void {
    const facts = {
      seed,
      documents: this.#documents,
      members: memberCount,
      voters: voterCount,
      sessionTtlMs,
    };
    this.events.add("started", `five processes start, three of them with a voter; seed ${seed}`, facts);
    this.#fleet.startAll();
  }

  async #play({ faults, forMs }: DemoOptions): Promise<void> {
    const { signal } = this.#stop;
    if (!(await whole(this.#parts()))) {
      if (signal.aborted) return;
      const why = this.#fleet.failure ?? "see the logs of the members";
      throw new FlotillaError("ERR_FLOTILLA_NO_QUORUM", `the cluster did not come up: ${why}`);
    }
    this.events.add("note", "the cluster is whole");
    const endMs = forMs === null ? Number.POSITIVE_INFINITY : this.#startMs + forMs;
    const schedule = new Schedule(faults, this.#dice);
    while (!signal.aborted) {
      await sleep(schedule.breakMs(), signal);
      const kind =
        forMs === null && this.#reports.length >= faults.length ? null : schedule.next(endMs - nowMs());
      if (kind === null) break;
      await this.#doFault(kind);
    }
    await sleepUntil(endMs, signal);
  }

  async #doFault(kind: FaultKind): Promise<void> {
    // One from the keys may be under way.
    await until(() => this.#fault === null, {
      timeoutMs: Number.POSITIVE_INFINITY,
      signal: this.#stop.signal,
    });
    if (this.#stop.signal.aborted) return;
    this.#fault = kind;
    try {
      const report = await runFault(kind, this.#parts());
      if (report !== null) this.#reports.push(report);
    } finally {
      this.#fault = null;
    }
  }

  #parts(): FaultParts {
    return {
      fleet: this.#fleet,
      queries: this.#queries,
      writes: this.#writes,
      events: this.events,
      dice: this.#dice,
      stop: this.#stop.signal,
    };
  }

  #onLeader(leader: LeaderInfo | null): void {
    if (leader?.epoch !== this.#fleet.leader?.epoch) this.#leaderSinceMs = nowMs();
    this.#fleet.seenLeader(leader);
    this.#queries.leaderChanged();
  }

  #onAnswer(epoch: number): void {
    this.#fleet.seenAnswer(epoch, this.#highestAnswered);
    this.#highestAnswered = Math.max(this.#highestAnswered, epoch);
  }

  #outcome(stopped: boolean): Outcome {
    const { answered, wrong, retried } = this.#queries;
    const { epochs, epochsGrew, staleRefused, crashes } = this.#fleet;
    return {
      stopped,
      queries: answered,
      wrong,
      retried,
      epochs,
      epochsGrew,
      staleRefused,
      crashes,
      reports: this.#reports,
    };
  }

  /** The process ends before everything was closed. */
  #abandon(): void {
    this.#fleet.killAll();
    this.#home.removeNow();
  }
}

function memberSpecs({ folder, ports }: Home): MemberSpec[] {
  const bootstrap = ports.map((port, i) => ({ id: `n${i + 1}`, address: `127.0.0.1:${port}` }));
  const endpoints = bootstrap.map((member) => member.address);
  return Array.from({ length: memberCount }, (_, i) => {
    const id = `n${i + 1}`;
    const founder = bootstrap[i];
    const voter =
      founder === undefined ? null : { dataDir: join(folder, id), listen: founder.address, bootstrap };
    return { id, cluster, sessionTtlMs, endpoints, voter, documentsFile: join(folder, "documents.json") };
  });
}

const longestTimerMs = 2 ** 31 - 1;

async function sleepUntil(endMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && nowMs() < endMs) await sleep(Math.min(endMs - nowMs(), longestTimerMs), signal);
}
