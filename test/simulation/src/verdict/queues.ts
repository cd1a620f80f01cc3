import type { TreeEvent } from "@flotilla/kv";
import type { QueueSettling } from "../plays/play-book.ts";
import { mostDeliveries } from "../plays/queue.ts";
import type { Claim, Item } from "../plays/queue-replay.ts";
import { delayOf, itemIn, numberOf, queueBase, QueueReplay, rankOf } from "../plays/queue-replay.ts";
import type { GoldenCommand } from "../world/golden-log.ts";
import type { World } from "../world/world.ts";

type Judged = Pick<World, "golden" | "findings" | "ledger">;

/** An item that left: who had it, and whose command it was. */
interface Departure {
  /** Null when it was not done with by somebody who took it, but taken back from one. */
  readonly by: string | null;
  readonly epoch: number | null;
  readonly isBuried: boolean;
}

/** How an item leaves. */
interface Leaving {
  readonly claim: Claim | null;
  readonly isBuried: boolean;
  /** By who hands out, from a taker that is gone. */
  readonly isTakenBack: boolean;
}

/** What was put is in the queue until whoever has it is done with it; one at a time has it, and those who came first go first. */
export function judgeQueues(world: Judged): void {
  new QueueJudge(world).judge();
}

class QueueJudge {
  readonly #world: Judged;
  readonly #replay = new QueueReplay();
  readonly #made = new Map<string, Item>();
  readonly #left = new Map<string, Departure>();
  /** Of settlings, by item, epoch and way. */
  readonly #wanted: ReadonlyMap<string, QueueSettling>;

  constructor(world: Judged) {
    this.#world = world;
    this.#wanted = new Map(world.ledger.plays.settlings.map((each) => [keyOf(each), each]));
  }

  judge(): void {
    for (const command of this.#world.golden.commands) this.#command(command);
    const { puts, settlings } = this.#world.ledger.plays;
    for (const { id, session, value } of puts) {
      const item = id === null ? undefined : this.#made.get(id);
      if (id !== null && (item?.session !== session || item.value !== value))
        this.#tell("QueueLossless", `${value} was put as ${id}, and is not in the log`);
    }
    for (const settling of settlings) this.#settled(settling);
  }

  #command(command: GoldenCommand): void {
    const events = command.events.filter(({ path }) => path.startsWith(queueBase));
    if (events.length === 0) return;
    const { takers, items } = this.#replay;
    const before = new Map(takers);
    const claims = new Map(events.map(({ path }) => claimOf(items.get(itemIn(path)?.id ?? ""))));
    this.#replay.take(command);
    const buried = new Set(
      events
        .filter(({ type }) => type === "created")
        .map(({ path }) => path.slice(`${queueBase}/dead/`.length)),
    );
    for (const event of events) {
      const found = itemIn(event.path);
      if (found === null) continue;
      const { id, taker } = found;
      const claim = claims.get(id) ?? null;
      if (taker === null)
        this.#item(id, event, { claim, isBuried: buried.has(id), isTakenBack: isDispatchers(command) });
      else if (event.type === "created") this.#claimed(id, taker, { claim, takers: before });
      else if (items.has(id)) this.#unclaimed(id, event, before.get(taker));
    }
    this.#inOrder(events);
  }

  #item(id: string, { type, by }: TreeEvent, { claim, isBuried, isTakenBack }: Leaving): void {
    const item = this.#replay.items.get(id) ?? this.#made.get(id);
    if (type === "created" && item !== undefined) this.#made.set(id, item);
    if (type !== "deleted") return;
    const epoch = claim?.epoch ?? null;
    this.#left.set(id, { by: isTakenBack ? null : by, epoch, isBuried });
    const settling = this.#wanted.get(keyOf({ item: id, epoch: epoch ?? 0, way: isBuried ? "bury" : "ack" }));
    const isOver = isBuried && (item?.deliveries ?? 0) >= mostDeliveries;
    if (settling?.session !== by && !isOver)
      this.#tell("QueueLossless", `${id} was taken out by ${by ?? "nobody"}, who was not done with it`);
  }

  #claimed(
    id: string,
    taker: string,
    { claim, takers }: { readonly claim: Claim | null; readonly takers: ReadonlyMap<string, string | null> },
  ): void {
    if (claim !== null) this.#tell("QueueOneTaker", `${id} was given to ${taker}, and ${claim.taker} has it`);
    if (!takers.has(taker)) this.#tell("QueueOneTaker", `${id} was given to ${taker}, who does not take`);
  }

  /** Only its own, or whoever finds the taker gone, takes a claim away. */
  #unclaimed(id: string, { by }: TreeEvent, taker: string | null | undefined): void {
    if (taker === undefined || taker === by) return;
    this.#tell("QueueOneTaker", `${id} was taken by ${by ?? "nobody"} from ${taker ?? "nobody"}, who lives`);
  }

  /** Of items that nobody ever had, and of the same priority, the one that was put first goes first. */
  #inOrder(events: readonly TreeEvent[]): void {
    for (const { path, type } of events) {
      const { id, taker } = itemIn(path) ?? { id: "", taker: null };
      if (taker === null || type !== "created" || delayOf(id) > 0) continue;
      for (const other of this.#replay.items.values()) {
        const isBefore = rankOf(other.id) === rankOf(id) && numberOf(other.id) < numberOf(id);
        if (isBefore && other.deliveries === 0 && delayOf(other.id) === 0)
          this.#tell("QueueInOrder", `${id} was handed out before ${other.id}`);
      }
    }
  }

  /** An answer says what became of it. */
  #settled({ item, session, epoch, way, outcome }: QueueSettling): void {
    const left = this.#left.get(item);
    const isOwn = left?.by === session && left.epoch === epoch && left.isBuried === (way === "bury");
    if (outcome === "ok" && way !== "release" && !isOwn)
      this.#tell("QueueLossless", `${way} of ${item} was answered to ${session}, and did nothing`);
    if (outcome === "lost" && isOwn)
      this.#tell("QueueLossless", `${way} of ${item} was done, and ${session} was told that it was lost`);
  }

  #tell(invariant: string, message: string): void {
    this.#world.findings.later(invariant, message);
  }
}

function claimOf(item: Item | undefined): [string, Claim | null] {
  return [item?.id ?? "", item?.claim ?? null];
}

function keyOf({ item, epoch, way }: Pick<QueueSettling, "item" | "epoch" | "way">): string {
  return `${way} ${item} ${epoch}`;
}

/** Who hands out writes behind the fence of its place in line. */
function isDispatchers({ command }: GoldenCommand): boolean {
  const operation = command?.type === "request" ? command.operation : null;
  const guard = operation?.type === "multi" ? operation.ops[0] : undefined;
  return guard?.type === "check" && guard.path.startsWith(`${queueBase}/line/`);
}
