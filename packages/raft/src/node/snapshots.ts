import type { Host } from "@flotilla/runtime";
import type { Configuration } from "../core/config/configuration.ts";
import type { Event } from "../core/event.ts";
import type { Message, SnapshotChunk, SnapshotReply } from "../core/message.ts";
import type { LogId, NodeId, Term } from "../core/types.ts";
import type { LogStore } from "../storage/log-store.ts";
import type { SnapshotStore } from "../storage/snapshot-store.ts";
import type { Applier } from "./applier.ts";
import { SnapshotReceiver } from "./snapshot-receiver.ts";
import type { ReceivedSnapshot } from "./snapshot-receiver.ts";
import { SnapshotSender } from "./snapshot-sender.ts";
import type { Snapshot, StateMachine } from "./state-machine.ts";

/** What a snapshot taken here stands for. */
interface SnapshotPoint {
  readonly last: LogId;
  readonly timeMs: number;
  readonly configuration: Configuration;
}

export interface SnapshotsOptions {
  readonly host: Pick<Host, "clock" | "logger" | "probe">;
  readonly store: SnapshotStore;
  readonly log: LogStore;
  readonly stateMachine: StateMachine;
  /** Take one after so many applied entries or bytes of them. */
  readonly every: { readonly entries: number; readonly bytes: number };
  readonly resendMs: number;
  readonly term: () => Term;
  readonly send: (to: NodeId, message: Message) => void;
  readonly push: (event: Event) => void;
  readonly onReceived: (snapshot: ReceivedSnapshot) => void;
  readonly onSaved: (last: LogId) => void;
  readonly onFailure: (error: unknown) => void;
}

/** Takes, sends and receives snapshots for one node. */
export class Snapshots {
  readonly #options: SnapshotsOptions;
  readonly #sender: SnapshotSender;
  readonly #receiver: SnapshotReceiver;
  #saving: Promise<void> | null = null;
  #closed = false;

  constructor(options: SnapshotsOptions) {
    const { host, store, log, resendMs, onFailure } = options;
    this.#options = options;
    this.#sender = new SnapshotSender({
      clock: host.clock,
      store,
      resendMs,
      send: options.send,
      onSent: (to, ok) => options.push({ type: "snapshot-sent", to, ok }),
      onDamaged: (error) => host.logger.error({ err: error }, "the newest snapshot cannot be sent"),
      onFailure,
    });
    this.#receiver = new SnapshotReceiver({
      store,
      seq: () => log.seq,
      onProgress: (to, last, received) => options.send(to, this.#reply(last, received)),
      onReceived: options.onReceived,
      onFailure,
      probe: host.probe,
    });
  }

  /** Takes a snapshot when enough was applied since the last one. Call it right after an apply. */
  takeWhenDue(applier: Applier, configuration: Configuration): void {
    const { every } = this.#options;
    const due = applier.entriesSinceSnapshot >= every.entries || applier.bytesSinceSnapshot >= every.bytes;
    if (due && this.#saving === null && !this.#closed && configuration.index > 0)
      this.#take(applier, configuration);
  }

  startSending(to: NodeId): void {
    this.#sender.start(to, this.#options.term());
  }

  replied(from: NodeId, reply: SnapshotReply): void {
    this.#sender.reply(from, reply);
  }

  received(from: NodeId, chunk: SnapshotChunk): void {
    this.#receiver.receive(from, chunk);
  }

  /** The receiver's last word: the snapshot is installed. */
  installed(to: NodeId, chunk: SnapshotChunk): void {
    this.#options.send(to, this.#reply(chunk.last, chunk.totalBytes));
  }

  tick(term: Term, leads: boolean): void {
    this.#sender.tick(term, leads);
  }

  peerDown(peer: NodeId): void {
    this.#sender.stop(peer);
  }

  /** Begins nothing new. */
  close(): void {
    this.#closed = true;
  }

  /** Resolves once nothing is being written. */
  async idle(): Promise<void> {
    await this.#saving;
    await this.#receiver.idle();
  }

  /** The entry the log must go on from, so that the older snapshot can replace a damaged newest one. */
  keepAfter(): LogId {
    const all = this.#options.store.all;
    return (all.length > 1 ? all[0]?.last : undefined) ?? { index: 0, term: 0 };
  }

  #take(applier: Applier, configuration: Configuration): void {
    const { stateMachine, onFailure } = this.#options;
    const point = { last: applier.applied, timeMs: applier.timeMs, configuration };
    applier.snapshotTaken();
    this.#saving = this.#save(stateMachine.snapshot(), point)
      .catch(onFailure)
      .then(() => {
        this.#saving = null;
      });
  }

  async #save(snapshot: Snapshot, point: SnapshotPoint): Promise<void> {
    const { host, store, log, push, onSaved } = this.#options;
    const writer = await store.create(point.last);
    for (const chunk of snapshot.chunks()) {
      if (this.#closed) return;
      await writer.write(chunk);
      await new Promise<void>((resolve) => host.clock.defer(resolve));
    }
    const { last, timeMs, configuration } = point;
    await store.adopt(await writer.commit({ timeMs, configuration, seq: log.seq, installed: false }));
    onSaved(last);
    push({ type: "snapshot-saved", last, configuration });
  }

  #reply(last: LogId, received: number): SnapshotReply {
    return { type: "snapshot-reply", term: this.#options.term(), last, received };
  }
}
