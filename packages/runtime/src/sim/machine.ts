import type { ChannelSide } from "./channel.ts";
import type { Life } from "./life.ts";
import type { Channel, ListenOptions } from "../network.ts";

/** A listening port. */
export interface OpenPort {
  readonly life: Life;
  readonly address: string;
  readonly options: ListenOptions;
  readonly onChannel: (channel: Channel) => void;
  readonly accepted: Set<ChannelSide>;
  /** Those of them, and of those that ended, whose handlers did not hear of an end yet. */
  readonly unheard: Set<ChannelSide>;
  /** Called when one of them did. */
  onHeard: (() => void) | undefined;
}

/** A bound datagram port. */
export interface DatagramPort {
  readonly life: Life;
  readonly address: string;
  readonly onMessage: (from: string, message: Uint8Array) => void;
}

/** What the network knows of one machine. */
export interface Machine {
  readonly name: string;
  /** False while the machine has no power: nothing answers. */
  powered: boolean;
  readonly listeners: Map<number, OpenPort>;
  readonly datagrams: Map<number, DatagramPort>;
  /** Sides of channels whose life may still be running. */
  readonly sides: Set<ChannelSide>;
  nextPort: number;
}
