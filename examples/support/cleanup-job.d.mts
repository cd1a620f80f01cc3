import type { CronRun, Session } from "@flotilla/coord";

export const everySecond: { readonly name: string; readonly schedule: string };

export function cleanup(run: CronRun, session: Session): Promise<void>;
