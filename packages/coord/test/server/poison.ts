import { peerMaxFrameBytes, peerProtocols, RaftNode } from "@flotilla/raft";
import type { StateMachine } from "@flotilla/raft";
import type { Host } from "@flotilla/runtime";

/** Takes whatever comes. */
const gullible: StateMachine = {
  apply: () => undefined,
  snapshot: () => ({ chunks: () => [] }),
  restore: () => {},
};

/**
 * What a broken member does: takes part with its data, and has bytes put into the log that are no command, until
 * `isOver`.
 */
export async function poison(
  host: Host,
  member: { readonly id: string; readonly address: string; readonly cluster: string },
  isOver: () => boolean,
): Promise<void> {
  const { id, address, cluster } = member;
  let raft: RaftNode | undefined;
  const listener = await host.network.listen(
    { address, protocols: peerProtocols, maxFrameBytes: peerMaxFrameBytes },
    (channel) => {
      if (raft !== undefined) raft.accept(channel);
      else {
        channel.handle({ message: () => {}, end: () => {} });
        channel.close();
      }
    },
  );
  raft = await RaftNode.open({ host, id, cluster, stateMachine: gullible });
  let isPlaced = false;
  while (!isOver()) {
    // Dropped while nobody leads; once it is placed, it need not be told that it is committed.
    if (!isPlaced) {
      isPlaced = true;
      raft.propose(Uint8Array.of(0xde, 0xad)).catch(() => {
        isPlaced = false;
      });
    }
    await new Promise<void>((resolve) => host.clock.setTimer(50, resolve));
  }
  await raft.close();
  await listener.close();
}
