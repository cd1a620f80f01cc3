import { start } from "@flotilla/coord";
import { keyCount, nodeValue } from "../clients/client.ts";
import { FlotillaClient } from "../clients/flotilla.ts";
import { closedLoop } from "../load/closed-loop.ts";
import { performer } from "../load/performer.ts";
import { fill, fillWith } from "../systems/prepare.ts";
import { DelaySampler } from "./loop-delay.ts";
import type { EmbeddedRequest, EmbeddedStart } from "./messages.ts";

/** Clients of the one session that fill at a time. */
const fillers = 4;

/** A member that is also its own load. */
async function main({ member, delay }: EmbeddedStart): Promise<void> {
  const sampler = new DelaySampler();
  if (delay) sampler.begin();
  const node = await start(member);
  const client = new FlotillaClient(node.session, null);
  const answer = async (request: EmbeddedRequest): Promise<object> => {
    switch (request.type) {
      case "fill":
        await fill(client);
        return { role: node.status().role };
      case "grow": {
        const small = new FlotillaClient(node.session, null, nodeValue);
        await fillWith(
          Array.from({ length: fillers }, () => small),
          keyCount,
          request.nodes,
        );
        return {};
      }
      case "load":
        return closedLoop([performer(client, request.operation)], request.loop);
      case "progress": {
        const { commit, applied } = node.status();
        return { commit, applied };
      }
      case "role":
        return { role: node.status().role };
      default:
        return sampler.answer(request);
    }
  };
  process.on("message", (request: EmbeddedRequest) => {
    void answer(request).then(
      (result) => process.send?.(result),
      (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
        process.exit(1);
      },
    );
  });
  process.once("SIGTERM", () => {
    void node.close().then(() => process.exit(0));
  });
  process.send?.({ role: node.status().role });
}

// The parent is this module's own launcher: the first message says whom to be.
process.once("message", (options: EmbeddedStart) => void main(options));
