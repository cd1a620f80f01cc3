import type { Node, Stat, TreeEvent } from "./types.ts";
import { bytesAt, placeOf } from "./values.ts";
import type { Place } from "./values.ts";

/** An event as the tree makes it: the node after it is put together only when somebody asks. */
export class Change implements TreeEvent {
  readonly revision: number;
  readonly ordinal: number;
  readonly type: TreeEvent["type"];
  readonly path: string;
  readonly #stat: Stat | null;
  readonly #value: Readonly<Place> | null;

  /** `stat` and `value` are null when the node is gone; nobody changes them later. */
  constructor(
    point: Pick<TreeEvent, "revision" | "ordinal" | "type" | "path">,
    stat: Stat | null,
    value: Readonly<Place> | null,
  ) {
    this.revision = point.revision;
    this.ordinal = point.ordinal;
    this.type = point.type;
    this.path = point.path;
    this.#stat = stat;
    this.#value = value;
  }

  get node(): Node | null {
    return this.#stat === null || this.#value === null
      ? null
      : { value: bytesAt(this.#value), stat: this.#stat };
  }

  /** The stat in an event of any origin. */
  static statOf(event: TreeEvent): Stat | null {
    return #stat in event ? event.#stat : (event.node?.stat ?? null);
  }

  /** Where the value in an event is; a place of its own when it is no event of a tree. */
  static valueOf(event: TreeEvent): Readonly<Place> | null {
    if (#value in event) return event.#value;
    return event.node === null ? null : placeOf(event.node.value);
  }
}
