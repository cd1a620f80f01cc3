import { peerMaxFrameBytes, peerProtocols, RaftNode, restoreAtOnce } from "@flotilla/raft";
import type { StateMachine } from "@flotilla/raft";
import type { Host } from "@flotilla/runtime";
import { admin } from "../../src/client/admin.ts";

/** Takes whatever comes. */
const gullible: StateMachine = {
  apply: () => undefined,
  snapshot: () => ({ chunks: () => [] }),
  beginRestore: () => restoreAtOnce(() => {}),
};

/**
 * What a broken member does: takes part with its data, and once it leads puts bytes into the log that are no
 * command, until `isOver`. Whoever else leads takes none from it, but hands over when asked.
 */
export async function poison(
  host: Host,
  member: { readonly id: string; readonly address: string; readonly others: readonly string[] },
  isOver: () => boolean,
): Promise<void> {
  const { id, address, others } = member;
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
  raft = await RaftNode.open({ host, id, cluster: "flotilla", stateMachine: gullible });
  const operator = admin({ host, endpoints: others, timeoutMs: 2_000 });
  let isPlaced = false;
  while (!isOver()) {
    const { established, term } = raft.status();
    // Once it is placed, it need not be told that it is committed.
    if (!isPlaced && established) {
      isPlaced = true;
      raft.propose(Uint8Array.of(0xde, 0xad), { ifTerm: term }).catch(() => {
        isPlaced = false;
      });
    }
    if (!established) await operator.transfer(id).catch(() => {});
    await new Promise<void>((resolve) => host.clock.setTimer(50, resolve));
  }
  await raft.close();
  await listener.close();
}
