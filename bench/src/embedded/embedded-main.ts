import { start } from "@flotilla/coord";
import { FlotillaClient } from "../clients/flotilla.ts";
import { closedLoop } from "../load/closed-loop.ts";
import { performer } from "../load/performer.ts";
import { fill } from "../systems/prepare.ts";
import type { EmbeddedRequest, MemberOptions } from "./messages.ts";

/** A member that is also its own load. */
async function main(options: MemberOptions): Promise<void> {
  const node = await start(options);
  const client = new FlotillaClient(node.session, null);
  const answer = async (request: EmbeddedRequest): Promise<object> => {
    switch (request.type) {
      case "fill":
        await fill(client);
        return { role: node.status().role };
      case "load":
        return closedLoop([performer(client, request.operation)], request.loop);
      default:
        return { role: node.status().role };
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
process.once("message", (options: MemberOptions) => void main(options));
