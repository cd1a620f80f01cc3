import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { isSameSnapshot } from "../../src/core/snapshot-head.ts";
import type { SnapshotHead } from "../../src/core/snapshot-head.ts";
import { SnapshotPuller } from "../../src/node/snapshot-puller.ts";
import type { SnapshotMeta } from "../../src/storage/snapshot-manifest.ts";
import { snapshotFiles } from "../../src/storage/snapshot-manifest.ts";
import type { SnapshotRequest } from "../../src/transport/snapshot-codec.ts";
import { seeded } from "../core/member.ts";
import { configuration, DiskFixture } from "../storage/disk-fixture.ts";

const chunkBytes = 4;
const quietMs = 1000;
const sources = ["a", "b", "c"] as const;

interface Snapshot {
  readonly head: SnapshotHead;
  readonly bytes: Uint8Array;
}

function snapshot(index: number, term: number, length: number): Snapshot {
  const bytes = Uint8Array.from({ length }, (_, k) => (k * 7 + index * 31) & 0xff);
  const hash = createHash("sha256").update(bytes).digest("hex");
  return { bytes, head: { last: { index, term }, timeMs: 1, configuration, totalBytes: length, hash } };
}

interface Asked extends SnapshotRequest {
  readonly to: string;
}

/**
 * One member that receives a snapshot from others, over links on which answers come late, twice, damaged or not at all,
 * while another one is offered, sources go and power is lost. What it takes up in the end is what was offered.
 */
export class SnapshotPullModel {
  readonly counts = { received: 0, powerLosses: 0, resumed: 0, late: 0 };
  readonly #random;
  readonly #disk: DiskFixture;
  readonly #snapshots: readonly Snapshot[];
  #asked: Asked[] = [];
  #received: SnapshotMeta | null = null;
  #puller: SnapshotPuller | null = null;

  constructor(seed: number) {
    this.#random = seeded(seed);
    this.#disk = new DiskFixture(seed);
    const length = 40 + this.#random.below(100);
    this.#snapshots = [snapshot(5, 2, length), snapshot(9, 2, length), snapshot(9, 3, length + 8)];
  }

  async run(steps: number): Promise<void> {
    await this.#start();
    for (let k = 0; k < steps && this.#received === null; k += 1) await this.#act();
    for (let k = 0; k < 10 && this.#received === null; k += 1) {
      await this.#offer("a", this.#snapshots[0]);
      while (this.#asked.length > 0) await this.#answer(0);
      await this.#pass(2 * quietMs);
    }
    this.#check();
  }

  get #running(): SnapshotPuller {
    if (this.#puller === null) throw new Error("not started");
    return this.#puller;
  }

  async #start(): Promise<void> {
    const { snapshots } = await this.#disk.open();
    this.#puller = new SnapshotPuller({
      clock: this.#disk.host.clock,
      store: snapshots,
      chunkBytes,
      quietMs,
      seq: () => 1,
      isNews: () => true,
      peers: () => sources,
      send: (to, request) => this.#asked.push({ to, ...request }),
      onProgress: () => {},
      onReceived: (_, meta) => {
        this.#received = meta;
      },
      onFailure: (error) => {
        throw error;
      },
      probe: (name) => {
        if (name === "raft.snapshot-resumed") this.counts.resumed += 1;
      },
    });
  }

  async #act(): Promise<void> {
    const roll = this.#random.below(100);
    if (roll < 60) await this.#answerSome();
    else if (roll < 66) this.#asked.splice(this.#random.below(this.#asked.length + 1), 1);
    else if (roll < 74) await this.#pass(this.#random.below(2 * quietMs));
    else if (roll < 84) await this.#offer(this.#source(), this.#oneOf());
    else if (roll < 90) this.#running.peerDown(this.#source());
    else if (roll < 94) await this.#refuse();
    else if (roll < 97) await this.#losePower();
    else await this.#pass(0);
  }

  #source(): string {
    return sources[this.#random.below(sources.length)] ?? "a";
  }

  /** Mostly the same one. */
  #oneOf(): Snapshot | undefined {
    return this.#snapshots[Math.max(0, this.#random.below(12) - 9)];
  }

  async #offer(from: string, offered: Snapshot | undefined): Promise<void> {
    if (offered === undefined) return;
    this.#running.offered(from, offered.head);
    await this.#idle();
  }

  async #idle(): Promise<void> {
    await this.#disk.run(this.#running.idle());
  }

  /** Mostly what was asked first, sometimes twice. */
  async #answerSome(): Promise<void> {
    const isLate = this.#random.below(5) === 0;
    const position = isLate ? this.#random.below(this.#asked.length + 1) : 0;
    if (isLate) this.counts.late += 1;
    await this.#answer(position, this.#random.below(8) > 0, this.#random.below(30) === 0);
  }

  async #answer(position: number, isOver: boolean = true, isDamaged: boolean = false): Promise<void> {
    const request = this.#asked[position];
    if (request === undefined) return;
    if (isOver) this.#asked.splice(position, 1);
    const asked = this.#snapshots.find(({ head }) => isSameSnapshot(head, request));
    if (asked === undefined) throw new Error("it asks for what was never offered");
    const { to, last, hash, offset, length } = request;
    const part = asked.bytes.slice(offset, offset + length);
    const checksum = crc32(part);
    if (isDamaged) part[0] = (part[0] ?? 0) ^ 0xff;
    this.#running.chunk(to, { type: "snapshot-chunk", last, hash, offset, checksum, bytes: part });
    await this.#idle();
  }

  async #refuse(): Promise<void> {
    const request = this.#asked.shift();
    if (request === undefined) return;
    const { to, last, hash } = request;
    const reason = this.#random.below(2) === 0 ? "busy" : "absent";
    this.#running.refused(to, { type: "snapshot-refusal", last, hash, reason });
    await this.#idle();
  }

  async #pass(ms: number): Promise<void> {
    const { kernel } = this.#disk;
    await kernel.run({ untilMs: kernel.nowMs + ms });
    this.#running.tick();
    await this.#idle();
  }

  /** In the middle of whatever is being written. */
  async #losePower(): Promise<void> {
    this.counts.powerLosses += 1;
    this.#disk.powerLoss();
    this.#asked = [];
    await this.#start();
  }

  #check(): void {
    const meta = this.#received;
    if (meta === null) throw new Error("nothing was received in the end");
    this.counts.received += 1;
    const offered = this.#snapshots.find(({ head }) => isSameSnapshot(head, meta));
    const stored = this.#disk.machine.disk.durableFile(snapshotFiles(meta.last).data);
    if (offered === undefined || stored === undefined || Buffer.compare(offered.bytes, stored) !== 0)
      throw new Error(`what is durable of snapshot ${meta.last.index} is not what was offered`);
  }
}
