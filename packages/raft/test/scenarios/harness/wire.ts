import type { Message } from "../../../src/core/message.ts";

/** A message under way. */
export interface Parcel {
  readonly from: string;
  readonly to: string;
  readonly incarnation: string;
  readonly message: Message;
}

/** Which parcels a command is about; what is left out does not choose. */
export interface Selection {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly type?: string | undefined;
  /** At most so many, the oldest first. */
  readonly count?: number | undefined;
}

/** What is under way, in the order sent, and which pairs hear nothing of each other. */
export class Wire {
  #parcels: Parcel[] = [];
  readonly #cuts = new Set<string>();

  get parcels(): readonly Parcel[] {
    return this.#parcels;
  }

  /** False when the parcel is lost at once. */
  send(parcel: Parcel): boolean {
    if (this.isCut(parcel.from, parcel.to)) return false;
    this.#parcels.push(parcel);
    return true;
  }

  find({ from, to, type, count }: Selection): Parcel[] {
    const found = this.#parcels.filter(
      (one) =>
        (from === undefined || one.from === from) &&
        (to === undefined || one.to === to) &&
        (type === undefined || one.message.type === type),
    );
    return found.slice(0, count);
  }

  /** Takes the selected parcels out. */
  take(selection: Selection): Parcel[] {
    const chosen = this.find(selection);
    const gone = new Set(chosen);
    this.#parcels = this.#parcels.filter((one) => !gone.has(one));
    return chosen;
  }

  /** Puts parcels before everything else. */
  putFirst(parcels: readonly Parcel[]): void {
    this.#parcels = [...parcels, ...this.#parcels];
  }

  isCut(a: string, b: string): boolean {
    return this.#cuts.has(`${a} ${b}`);
  }

  /** Loses what is under way between two nodes, both ways. */
  clear(a: string, b: string): void {
    this.take({ from: a, to: b });
    this.take({ from: b, to: a });
  }

  /** From now on nothing passes between two nodes. */
  cut(a: string, b: string): void {
    this.#cuts.add(`${a} ${b}`).add(`${b} ${a}`);
    this.clear(a, b);
  }

  join(a: string, b: string): void {
    this.#cuts.delete(`${a} ${b}`);
    this.#cuts.delete(`${b} ${a}`);
  }

  joinAll(): void {
    this.#cuts.clear();
  }
}
