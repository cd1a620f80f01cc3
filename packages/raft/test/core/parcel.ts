import type { Message } from "../../src/core/message.ts";

/** A message on its way. */
export interface Parcel {
  readonly from: string;
  readonly to: string;
  readonly incarnation: string;
  readonly message: Message;
}

/** What answers what the receiver asked. */
export const answers: ReadonlySet<Message["type"]> = new Set([
  "forward-reply",
  "read-reply",
  "heartbeat-reply",
] as const);

/** True for what only a leader sends of its own accord. */
export function isLeaders({ type }: Message): boolean {
  return type === "append" || type === "heartbeat" || type === "snapshot-offer";
}
