import type { Coord } from "@flotilla/coord/node";

export type Election = ReturnType<Coord["election"]>;
export type Leadership = Awaited<ReturnType<Election["campaign"]>>;
/** Leadership, a lock, permits. */
export type Held = Pick<Leadership, "epoch" | "signal" | "expiresIn" | "fence" | "release">;
