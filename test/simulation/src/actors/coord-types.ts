import type { Coord } from "@flotilla/coord/node";

export type Election = ReturnType<Coord["election"]>;
export type Leadership = Awaited<ReturnType<Election["campaign"]>>;
