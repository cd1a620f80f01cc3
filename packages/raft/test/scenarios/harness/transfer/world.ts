import { SnapshotPuller } from "../../../../src/node/snapshot-puller.ts";
import { SnapshotSource } from "../../../../src/node/snapshot-source.ts";
import type { SnapshotMeta } from "../../../../src/storage/snapshot-manifest.ts";
import type {
  SnapshotChunk,
  SnapshotRefusal,
  SnapshotRequest,
} from "../../../../src/transport/snapshot-codec.ts";
import { configuration, DiskFixture } from "../../../storage/disk-fixture.ts";
import { ScenarioError } from "../script.ts";

export interface TransferOptions {
  /** Members that have the snapshot; the first one leads. */
  readonly holders: readonly string[];
  readonly bytes: number;
  readonly chunkBytes: number;
}

/** A message under way between the receiver and a holder. */
export interface Parcel {
  readonly from: string;
  readonly to: string;
  readonly message: SnapshotRequest | SnapshotChunk | SnapshotRefusal;
}

interface Holder {
  readonly disk: DiskFixture;
  readonly source: SnapshotSource;
  readonly meta: SnapshotMeta;
}

const receiver = "r";
const quietMs = 1000;
const idleMs = 60_000;
/** Long enough for whatever disks and timers have to do. */
const momentMs = 20;

/** One receiver and those that have a snapshot. What they say waits to be delivered. */
export class TransferWorld {
  readonly #options: TransferOptions;
  readonly #disk = new DiskFixture(1);
  readonly #holders = new Map<string, Holder>();
  readonly #linked: Set<string>;
  #puller: SnapshotPuller | null = null;
  #wire: Parcel[] = [];
  #lines: string[] = [];

  private constructor(options: TransferOptions) {
    this.#options = options;
    this.#linked = new Set(options.holders);
  }

  static async begin(options: TransferOptions): Promise<TransferWorld> {
    const world = new TransferWorld(options);
    for (const id of options.holders) world.#holders.set(id, await world.#holder(id));
    await world.start();
    return world;
  }

  say(line: string): void {
    this.#lines.push(line);
  }

  takeLines(): string[] {
    return this.#lines.splice(0);
  }

  /** Starts the receiver over what its disk holds. */
  async start(): Promise<void> {
    const { snapshots } = await this.#disk.open();
    this.#puller = new SnapshotPuller({
      clock: this.#disk.host.clock,
      store: snapshots,
      chunkBytes: this.#options.chunkBytes,
      quietMs,
      seq: () => 1,
      isNews: () => true,
      peers: () => [...this.#linked],
      send: (to, message) => this.#post({ from: receiver, to, message }),
      onProgress: (_, __, received) => this.say(`r has ${received} bytes`),
      onReceived: (_, { last }) => this.say(`r has the whole snapshot ${last.index}@${last.term}, durably`),
      onFailure: (error) => {
        throw error;
      },
      probe: () => {},
    });
  }

  async crash(): Promise<void> {
    this.#running();
    this.#puller = null;
    this.#wire = [];
    this.#disk.powerLoss();
    for (const id of this.#linked) this.#get(id).source.stop(receiver);
  }

  async offer(from: string): Promise<void> {
    this.#running().offered(from, this.#get(from).meta);
    await this.settle();
  }

  /** Hands over what is under way, the oldest first: so many parcels, of one sender if that is given. */
  async deliver(from: string | undefined, count: number): Promise<void> {
    for (const parcel of this.take(from, count)) {
      this.#hear(parcel);
      await this.settle();
    }
  }

  /** Takes what is under way out. */
  take(from: string | undefined, count: number): Parcel[] {
    const chosen = this.#wire.filter((one) => from === undefined || one.from === from).slice(0, count);
    if (chosen.length === 0) throw new ScenarioError("no such message is under way");
    this.#wire = this.#wire.filter((one) => !chosen.includes(one));
    return chosen;
  }

  /** The oldest chunk under way has another byte. */
  damage(): void {
    const at = this.#wire.findIndex(({ message }) => message.type === "snapshot-chunk");
    const parcel = this.#wire[at];
    if (parcel?.message.type !== "snapshot-chunk") throw new ScenarioError("no chunk is under way");
    const bytes = parcel.message.bytes.map((byte, k) => (k === 0 ? byte ^ 1 : byte));
    this.#wire[at] = { ...parcel, message: { ...parcel.message, bytes } };
  }

  async linkDown(id: string): Promise<void> {
    this.#linked.delete(id);
    this.#wire = this.#wire.filter(({ from, to }) => from !== id && to !== id);
    this.#get(id).source.stop(receiver);
    this.#running().peerDown(id);
    await this.settle();
  }

  async linkUp(id: string): Promise<void> {
    this.#get(id);
    this.#linked.add(id);
    await this.settle();
  }

  async pass(ms: number): Promise<void> {
    await this.#disk.kernel.run({ untilMs: this.#disk.kernel.nowMs + ms });
    this.#puller?.tick();
    await this.settle();
  }

  async files(): Promise<string[]> {
    return this.#disk.run(this.#disk.host.disk.files.list("snapshots"));
  }

  async settle(): Promise<void> {
    for (const { disk } of this.#holders.values())
      await disk.kernel.run({ untilMs: disk.kernel.nowMs + momentMs });
    if (this.#puller !== null) await this.#disk.run(this.#puller.idle());
  }

  #running(): SnapshotPuller {
    if (this.#puller === null) throw new ScenarioError("the receiver is down");
    return this.#puller;
  }

  #get(id: string): Holder {
    const holder = this.#holders.get(id);
    if (holder === undefined) throw new ScenarioError(`${id} holds no snapshot`);
    return holder;
  }

  #post(parcel: Parcel): void {
    this.#wire.push(parcel);
    this.say(describe(parcel));
  }

  #hear({ from, to, message }: Parcel): void {
    if (message.type === "snapshot-request") this.#get(to).source.request(from, message);
    else if (message.type === "snapshot-chunk") this.#running().chunk(from, message);
    else this.#running().refused(from, message);
  }

  async #holder(id: string): Promise<Holder> {
    const disk = new DiskFixture(2);
    const { snapshots } = await disk.open();
    const writer = await disk.run(snapshots.create({ index: 5, term: 2 }));
    await disk.run(writer.write(Uint8Array.from({ length: this.#options.bytes }, (_, k) => k)));
    const meta = await disk.run(writer.commit({ timeMs: 1, configuration, seq: 1, installed: false }));
    await disk.run(snapshots.adopt(meta));
    const source = new SnapshotSource({
      clock: disk.host.clock,
      store: snapshots,
      idleMs,
      send: (to, message) => this.#post({ from: id, to, message }),
      backlog: () => 0,
      onDamaged: ({ last }) => this.say(`${id} finds its snapshot ${last.index}@${last.term} damaged`),
      onFailure: (error) => {
        throw error;
      },
      probe: () => {},
    });
    return { disk, source, meta };
  }

  /** Damages the snapshot of a holder on its disk. */
  async rot(id: string): Promise<void> {
    const { disk } = this.#get(id);
    const name = (await disk.run(disk.host.disk.files.list("snapshots"))).find((file) =>
      file.endsWith(".data"),
    );
    if (name === undefined) throw new ScenarioError(`${id} has no file`);
    disk.machine.disk.flipFile(`snapshots/${name}`);
  }
}

/** A parcel as one line. */
export function describe({ from, to, message }: Parcel): string {
  if (message.type === "snapshot-request")
    return `${from}->${to} asks for ${message.length} bytes at ${message.offset}`;
  if (message.type === "snapshot-chunk")
    return `${from}->${to} chunk of ${message.bytes.length} bytes at ${message.offset}`;
  return `${from}->${to} refuses: ${message.reason}`;
}
