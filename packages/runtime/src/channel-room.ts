import type { ListenOptions } from "./network.ts";

export type ChannelRoom = Pick<ListenOptions, "maxChannels" | "reserved">;

export const defaultMaxChannels = 10_000;

/** From how many channels on one more of that protocol is refused. */
export function mostChannels(
  { maxChannels = defaultMaxChannels, reserved }: ChannelRoom,
  protocol: string,
): number {
  const isReserved = reserved?.protocols.includes(protocol) === true;
  return maxChannels + (isReserved ? reserved.channels : 0);
}
