import type { Channel } from "@flotilla/runtime";
import type { MemberChange } from "../core/config/apply-changes.ts";
import type { Configuration } from "../core/config/configuration.ts";
import type { Index, NodeId } from "../core/types.ts";
import { openStorage } from "../storage/open-storage.ts";
import type { Storage } from "../storage/open-storage.ts";
import { faultOfPayload, readChanges, readVersion } from "./arguments.ts";
import { Driver } from "./driver.ts";
import { letGo } from "./let-go.ts";
import type { Meter } from "./meter.ts";
import { describeMetrics } from "./metrics.ts";
import type { Metric } from "./metrics.ts";
import { settle } from "./settings.ts";
import type { Settings } from "./settings.ts";
import type {
  ChangeOptions,
  Proposed,
  ProposeOptions,
  RaftOptions,
  RaftStatus,
  ReadOptions,
  StopReason,
} from "./types.ts";

function nothing(): void {}

/** One member of a replicated log. */
export class RaftNode implements AsyncDisposable {
  readonly id: NodeId;
  /** Random name of this member's data, 16 bytes as hex. */
  readonly incarnation: string;
  /** Resolves when the node has stopped and its disk is released: asked to, or by the error given. Never rejects. */
  readonly closed: Promise<StopReason>;
  readonly #driver: Driver;
  readonly #meter: Meter;
  readonly #waits: Storage["waits"];

  private constructor(
    { id, meter }: Settings,
    { incarnation, waits }: Pick<Storage, "incarnation" | "waits">,
    driver: Driver,
    closed: Promise<StopReason>,
  ) {
    this.id = id;
    this.incarnation = incarnation;
    this.#driver = driver;
    this.#meter = meter;
    this.#waits = waits;
    this.closed = closed;
  }

  /**
   * Opens the data on the host's disk and begins to take part. Whoever listens on this member's address
   * hands channels of `peerProtocols` to `accept`.
   * @throws FlotillaError `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_FOREIGN`, `ERR_FLOTILLA_LOCKED`, `ERR_FLOTILLA_STORAGE`,
   * `ERR_FLOTILLA_UNSUPPORTED` (newer data), `ERR_FLOTILLA_BAD_CONFIG`
   */
  static async open(options: RaftOptions): Promise<RaftNode> {
    const settings = settle(options);
    const { host, cluster, id, bootstrap, join, stateMachine } = settings;
    // Failures before the driver exists surface with the next write.
    let fail: (error: unknown) => void = nothing;
    const onFailure = (error: unknown): void => fail(error);
    const storage = await openStorage({ host, cluster, id, bootstrap, join, stateMachine, onFailure });
    let stopped: (reason: StopReason) => void = nothing;
    const closed = new Promise<StopReason>((resolve) => {
      stopped = resolve;
    });
    let driver: Driver | null = null;
    try {
      const made = new Driver(settings, storage, stopped);
      driver = made;
      fail = (error) => made.fail(error);
      made.start();
      return new RaftNode(settings, storage, made, closed);
    } catch (error) {
      await (driver === null ? letGo(storage) : driver.close());
      throw error;
    }
  }

  /**
   * Appends `payload` to the log, here or through the leader, and resolves after the local state machine
   * applied it. Never retries. The payload must not change afterwards.
   * @throws FlotillaError `ERR_FLOTILLA_OVERLOADED`, `ERR_FLOTILLA_TOO_LARGE`, `ERR_FLOTILLA_CLOSED`,
   * `ERR_FLOTILLA_BAD_ARGUMENT` (it is no Uint8Array, or the state machine does not accept it) (nothing was sent),
   * `ERR_FLOTILLA_DROPPED` (certainly not in the log), `ERR_FLOTILLA_UNKNOWN_OUTCOME` (may be)
   */
  propose(payload: Uint8Array, options?: ProposeOptions): Promise<Proposed> {
    const fault = faultOfPayload(payload);
    if (fault !== null) return Promise.reject(fault);
    return this.#driver.propose(payload, options?.ifTerm ?? null, options?.isReserved ?? false);
  }

  /**
   * Resolves, in the turn the state machine has applied it, with an index at or above everything that was
   * committed when the call was made: what the state machine holds then is a linearizable read.
   * @throws FlotillaError `ERR_FLOTILLA_NO_QUORUM`, `ERR_FLOTILLA_OVERLOADED`, `ERR_FLOTILLA_CLOSED`
   */
  read(options?: ReadOptions): Promise<Index> {
    return this.#driver.read(options?.leaderOnly ?? false);
  }

  /**
   * Hands leadership to the voter `to`, or to the one whose log is closest, and resolves with whoever leads next.
   * Proposals and forwards wait meanwhile. It comes to nothing when the target does not take over within an
   * election timeout: then this node serves on. Dissertation §3.10.
   * @throws FlotillaError `ERR_FLOTILLA_NOT_TRANSFERRED` (this node does not lead; no such voter; no success in time;
   * another transfer is under way), `ERR_FLOTILLA_CLOSED`
   */
  transfer(to?: NodeId): Promise<NodeId> {
    return this.#driver.transfer(to ?? null);
  }

  /**
   * Changes who belongs to the cluster, on the leader, and resolves with the configuration that came of it, once it
   * is committed, applied here and, when it went through a joint one, that is left. One change at a time. Several
   * voters may change at once. Dissertation ch. 4.
   * @throws FlotillaError `ERR_FLOTILLA_NOT_LEADER` (details: `leader`, an id or null), `ERR_FLOTILLA_BAD_CHANGE`,
   * `ERR_FLOTILLA_BAD_VERSION` (another version than `ifVersion`), `ERR_FLOTILLA_CHANGE_PENDING` (one is under way, or a
   * hand-over, or nothing is committed in this term yet), `ERR_FLOTILLA_NOT_CAUGHT_UP` (a learner to promote),
   * `ERR_FLOTILLA_NO_QUORUM` (a majority of the voters to be was not heard from within an election timeout),
   * `ERR_FLOTILLA_REMOVED` (a node to add whose data, by the log, was a member and was removed),
   * `ERR_FLOTILLA_BAD_ARGUMENT`, `ERR_FLOTILLA_CLOSED` (nothing was changed); `ERR_FLOTILLA_UNKNOWN_OUTCOME` (leadership was lost meanwhile)
   */
  async changeMembers(changes: readonly MemberChange[], options?: ChangeOptions): Promise<Configuration> {
    return this.#driver.changes.begin(readChanges(changes), readVersion(options?.ifVersion));
  }

  /**
   * Sends a message to another member, which may be lost, as it is when much waits to be sent there; false when it
   * certainly is. One of up to 64 KiB may overtake larger ones.
   * @throws FlotillaError `ERR_FLOTILLA_TOO_LARGE` above 8 MiB
   */
  send(to: NodeId, payload: Uint8Array): boolean {
    return this.#driver.send(to, payload);
  }

  /** Takes over a channel of one of `peerProtocols`, in the turn it was received. */
  accept(channel: Channel): void {
    this.#driver.accept(channel);
  }

  status(): RaftStatus {
    return this.#driver.status();
  }

  /** Counters, gauges and histograms as of now; docs/raft-metrics.md names them all. */
  metrics(): readonly Metric[] {
    return describeMetrics(this.#driver.status(), this.#meter);
  }

  /** Milliseconds since the batch under way was handed to the disk; 0 when none is. A disk that hangs lets it grow. */
  get appendingMs(): number {
    return this.#meter.appendingMs;
  }

  /** Milliseconds that the disk has owed an answer, to the log, a snapshot or what else is kept; 0 when it owes none. */
  get diskWaitMs(): number {
    return Math.max(this.#meter.appendingMs, this.#waits.longestMs);
  }

  /** Stops at once for a reason that whoever drives it found, as for one of its own: `closed` tells it. */
  fail(error: Error): void {
    this.#driver.fail(error);
  }

  /**
   * Stops taking part, rejects what waits, and releases the disk. A snapshot that is being written is finished before,
   * if that takes no longer than 5 s. A write that the disk does not answer holds it up: what it writes to cannot be
   * let go of. Idempotent.
   */
  async close(): Promise<void> {
    await this.#driver.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
