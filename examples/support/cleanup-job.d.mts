import type { Leadership, Session } from "@flotilla/coord";

export function cleanup(leadership: Leadership, session: Session): Promise<void>;
