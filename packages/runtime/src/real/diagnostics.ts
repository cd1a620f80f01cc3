import { channel } from "node:diagnostics_channel";
import type { Publish } from "../diagnostics.ts";

const channels = {
  session: channel("flotilla:session"),
  held: channel("flotilla:held"),
  released: channel("flotilla:released"),
  lost: channel("flotilla:lost"),
  health: channel("flotilla:health"),
};

/** By `node:diagnostics_channel`. What a listener throws is an uncaught exception of its own. */
export const realPublish: Publish = (name, message) => channels[name].publish(message);
