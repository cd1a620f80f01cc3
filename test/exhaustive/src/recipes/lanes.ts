/**
 * - `act`: a client goes on with what it is there for.
 * - `turn`: what a client put off to a later turn of its event loop.
 * - `up`, `down`: a message arrives, at a member or at a client.
 * - `log`: a member that does not lead applies the next entry.
 */
export type LaneKind = "act" | "turn" | "up" | "down" | "log";

/** All members; what happens there may concern everybody. */
export const servers = "servers";

interface Item {
  readonly order: number;
  readonly run: () => void;
}

/** Things that happen one after the other. */
export class Lane {
  readonly name: string;
  readonly kind: LaneKind;
  /** Whom it happens to: a client, or `servers`. */
  readonly site: string;
  /** The client that it belongs to; null: none. */
  readonly client: string | null;
  /** Nothing of it happens while something else can. */
  isHeld = false;
  /** Nor before this time. */
  heldUntilMs = 0;
  readonly items: Item[] = [];

  constructor(name: string, kind: LaneKind, site: string, client: string | null) {
    this.name = name;
    this.kind = kind;
    this.site = site;
    this.client = client;
  }

  /** Grows with the time at which what is first came about. */
  get order(): number {
    return this.items[0]?.order ?? Number.POSITIVE_INFINITY;
  }
}

/** All of them. By default whatever came about first happens first. */
export class Lanes {
  readonly #lanes = new Set<Lane>();
  #order = 0;

  open(name: string, kind: LaneKind, site: string, client: string | null): Lane {
    const lane = new Lane(name, kind, site, client);
    this.#lanes.add(lane);
    return lane;
  }

  close(lane: Lane): void {
    lane.items.length = 0;
    this.#lanes.delete(lane);
  }

  push(lane: Lane, run: () => void): void {
    this.#order += 1;
    lane.items.push({ order: this.#order, run });
  }

  /** Those on which something can happen, first those that would. */
  ready(): Lane[] {
    return this.#filled(false);
  }

  /** Those on which something could, were they not held. */
  held(): Lane[] {
    return this.#filled(true);
  }

  named(name: string): Lane | undefined {
    for (const lane of this.#lanes) if (lane.name === name) return lane;
    return undefined;
  }

  #filled(isHeld: boolean): Lane[] {
    const found: Lane[] = [];
    for (const lane of this.#lanes) if (lane.isHeld === isHeld && lane.items.length > 0) found.push(lane);
    return found.toSorted((a, b) => a.order - b.order);
  }
}
