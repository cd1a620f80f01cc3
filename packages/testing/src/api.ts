import type { ConnectOptions, Coord, CoordNode, StartOptions } from "@flotilla/coord";
import type { Logger } from "@flotilla/runtime";
import type { CrashOptions } from "@flotilla/runtime/sim";

/** What every member is started with besides its place in the cluster. */
export type MemberOptions = Omit<
  Partial<StartOptions>,
  "id" | "dataDir" | "listen" | "bootstrap" | "join" | "learner" | "advertise" | "host" | "logger"
>;

export interface TestClusterOptions {
  /** Founding members, 1 to 9, named `n1`, `n2` and so on. Default 3. */
  readonly nodes?: number;
  /** All that is left to chance is drawn from it: the same test with the same seed happens the same way. Default 1. */
  readonly seed?: number | string;
  /** Default: what a real member has. */
  readonly member?: MemberOptions;
  /** Hears every member and client; `machine` among the fields says which. Default: nobody does. */
  readonly logger?: Logger;
}

export interface ClientOptions extends Omit<Partial<ConnectOptions>, "endpoints" | "host" | "logger"> {
  /** Its machine. One that was killed may be used again. Default: `c1`, `c2` and so on. */
  readonly name?: string;
}

/** A machine: by its name, or by the handle that runs on it. */
export type Machine = string | Coord;

export interface Within {
  /** Virtual time after which waiting ends with `ERR_FLOTILLA_TIMEOUT`. Default 60,000. */
  readonly withinMs?: number;
}

export interface SleepOptions {
  /** By the clock of this machine: longer while it is paused, for ever once it is killed. Default: by the true time. */
  readonly on?: Machine;
  readonly signal?: AbortSignal;
}

/**
 * A cluster in one process, on virtual time: real members and clients on simulated machines, clocks, disks and links.
 *
 * Time moves, and anything at all happens, only while somebody waits by `run`, `until`, `when`, `advance` or what else
 * gives a promise here; several may wait at once. Faults may be called at any time, also from within `run`.
 *
 * Faults throw `ERR_FLOTILLA_BAD_ARGUMENT` for what is no machine here, everything does for milliseconds that are none,
 * and everything throws `ERR_FLOTILLA_CLOSED` once the cluster is closed. When code throws in a callback, or leaves a rejection unhandled, whoever waits gets a
 * `SimulationError`: it names the seed, and its `report` tells what happened last on each machine.
 */
export interface TestCluster extends AsyncDisposable {
  readonly seed: number | string;
  /** Virtual milliseconds since the cluster was made. */
  readonly nowMs: number;
  /** Names of the members. */
  readonly ids: readonly string[];

  /**
   * Connects a client on a machine of its own.
   * @throws FlotillaError what `connect` throws; `ERR_FLOTILLA_BAD_ARGUMENT` when a process runs there, or it is a member's
   */
  client(options?: ClientOptions): Promise<Coord>;
  /**
   * The handle of a member, with its own session: `coord(1)` is that of `n1`. Another one after a restart.
   * @throws FlotillaError `ERR_FLOTILLA_CLOSED` while its process does not run, or only begins to
   */
  coord(member: number | string): CoordNode;
  /** The member that leads, of the newest term if two say so; waits until there is one. */
  leader(options?: Within): Promise<string>;

  /** Runs some code of the test, which then awaits as it would in reality. */
  run<T>(work: () => Promise<T>, options?: Within): Promise<T>;
  /** Lets the world go on until a promise settles, and settles as it does. */
  until<T>(promise: Promise<T>, options?: Within): Promise<T>;
  /** Lets the world go on until a condition holds; it is looked at after each event. */
  when(condition: () => boolean, options?: Within): Promise<void>;
  /** Lets so much time pass. */
  advance(ms: number): Promise<void>;
  /** To be given to the code under test as its way to wait, as it is. Rejects with the reason of the signal. */
  readonly sleep: (ms: number, options?: SleepOptions) => Promise<void>;

  /**
   * Cuts every link between different groups. Connections stay open and carry nothing; machines in no group keep their
   * links.
   */
  partition(...groups: readonly (readonly Machine[])[]): void;
  /** Cuts machines off from all others, also from each other. */
  isolate(...machines: readonly Machine[]): void;
  /** Heals every cut. */
  heal(): void;
  /** Breaks the connections between two machines. */
  reset(a: Machine, b: Machine): void;
  /** Kills a process with what it had not synced. With `powerOff` not even its sockets are closed. */
  kill(machine: Machine, options?: CrashOptions): void;
  /** Starts a member again on its data, and kills it before when it runs. Resolves once it takes part. */
  restart(member: Machine, options?: Within): Promise<void>;
  /** Stops a process as SIGSTOP does. */
  pause(machine: Machine): void;
  /** Ends `pause`. */
  resume(machine: Machine): void;
  /** Blocks the event loop of a process for so long. */
  stall(machine: Machine, ms: number): void;
  /** Adds to every sync of a machine's disk, ms; 0 ends it. */
  slowDisk(machine: Machine, ms: number): void;

  /** Ends every process at once. What was under way in them never settles. Idempotent; disposing of it is the same. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
