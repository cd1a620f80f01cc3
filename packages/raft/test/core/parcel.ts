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

/** The messages of that type among those of a member. */
export function messagesOf<T extends Message["type"]>(
  parcels: readonly Parcel[],
  from: string,
  type: T,
): Extract<Message, { type: T }>[] {
  const messages = parcels.filter((parcel) => parcel.from === from).map(({ message }) => message);
  return messages.filter((message): message is Extract<Message, { type: T }> => message.type === type);
}
