import { calls } from "./calls.ts";
import type { Command } from "./command.ts";
import { disk } from "./disk.ts";
import { members } from "./members.ts";
import { network } from "./network.ts";
import { time } from "./time.ts";

/** Every command but `cluster`, by name. */
export const commands: ReadonlyMap<string, Command> = new Map(
  [time, calls, members, network, disk].flatMap((group) => Object.entries(group)),
);
