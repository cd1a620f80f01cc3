import { peerMaxFrameBytes, peerProtocols, RaftNode } from "@flotilla/raft";
import { realHost } from "@flotilla/runtime/real";
import { Counter } from "./counter.ts";
import type { RaftAnswers, RaftMemberOptions, RaftRequest } from "./messages.ts";
import { monotonicUs } from "./messages.ts";
import { nextCommit, proposeLoad } from "./proposer.ts";

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}

function block(ms: number): object {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  return {};
}

/** A bare member with default settings, told what to do by its parent. */
async function main({ id, folder, port, founders }: RaftMemberOptions): Promise<void> {
  const host = realHost({ directory: folder });
  const counter = new Counter();
  const node = await RaftNode.open({
    host,
    id,
    cluster: "bench",
    bootstrap: founders,
    stateMachine: counter,
  });
  await host.network.listen(
    { address: `127.0.0.1:${port}`, protocols: peerProtocols, maxFrameBytes: peerMaxFrameBytes },
    (channel) => node.accept(channel),
  );
  void node.closed.then((reason) => {
    if (reason.type === "failed") fail(reason.error);
  });
  const answer = async (request: RaftRequest): Promise<RaftAnswers[RaftRequest["type"]]> => {
    switch (request.type) {
      case "status":
        return node.status();
      case "load":
        return proposeLoad(node, request);
      case "next-commit":
        return { atUs: await nextCommit(node, counter, request.term) };
      case "block":
        return block(request.ms);
      default: {
        const { user, system } = process.cpuUsage();
        return { cpuUs: user + system, atUs: monotonicUs() };
      }
    }
  };
  process.on("message", (request: RaftRequest) => {
    void answer(request).then((result) => process.send?.({ request: request.type, answer: result }), fail);
  });
  process.once("SIGTERM", () => {
    void node.close().then(() => process.exit(0));
  });
  // A parent that is gone wants nothing more.
  process.once("disconnect", () => process.exit(1));
  process.send?.(node.status());
}

// The parent is this module's own launcher: the first message says whom to be.
process.once("message", (options: RaftMemberOptions) => void main(options).catch(fail));
