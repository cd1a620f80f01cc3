/** Something that will happen at a virtual time. */
export interface SimEvent {
  /** Integer virtual microseconds. */
  readonly atUs: number;
  /** Decides between events of one microsecond. */
  readonly tie: number;
  /** Decides between equal ties. */
  readonly seq: number;
  /** The machine it happens on; empty for the harness. */
  readonly node: string;
  kind: string;
  about: string;
  size: number;
  cancelled: boolean;
  readonly run: () => void;
}

/** In the order (time, tie, seq). */
export function isBefore(a: SimEvent, b: SimEvent): boolean {
  if (a.atUs !== b.atUs) return a.atUs < b.atUs;
  if (a.tie !== b.tie) return a.tie < b.tie;
  return a.seq < b.seq;
}
