import type { RaftOptions } from "@flotilla/raft";
import { peerMaxFrameBytes, peerProtocols, RaftNode } from "@flotilla/raft";
import type { Channel } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import type { MemberProcess, MemberStart, Users } from "../world/member-process.ts";
import { poisonPath } from "../world/poison.ts";
import { encodeCommand, RegisterMachine } from "./register-machine.ts";
import { RegisterUser } from "./register-user.ts";

const digestEvery = 48;
const encoder = new TextEncoder();

/** Starts a member that is a log with registers on it, and nothing of the product, with those who use it. */
export async function startLog(start: MemberStart): Promise<MemberProcess> {
  const { world, host, address, opened } = start;
  const machine = makeMachine(start);
  let accept = turnAway;
  const listener = await host.network.listen(
    { address, protocols: [...peerProtocols], maxFrameBytes: peerMaxFrameBytes },
    (channel) => accept(channel),
  );
  const raft = await RaftNode.open(options(start, machine)).catch(async (error: unknown) => {
    await listener.close();
    throw error;
  });
  accept = (channel) => raft.accept(channel);
  opened(raft);
  const users = makeUsers(start, raft, machine);
  const closed = raft.closed.then(async (reason) => {
    users.stop();
    await listener.close();
    return reason;
  });
  return {
    closed,
    status: () => ({ ...raft.status(), digest: machine.digest() }),
    poison: () =>
      raft.propose(
        encodeCommand({ id: "poison", type: "create", path: poisonPath, expected: 0, padding: 0 }),
      ),
    close: async () => {
      users.stop();
      if (raft.status().role === "leader") await raft.transfer().catch(stays(world.crashed));
      await listener.close();
      await raft.close();
      await closed;
    },
    coord: null,
    users,
  };
}

function turnAway(channel: Channel): void {
  channel.handle({ message: () => {}, end: () => {} });
  channel.close("this member is starting");
}

/** Nobody could take over. */
function stays(crashed: (error: unknown) => void): (error: unknown) => void {
  return (error) => {
    const isPassing =
      FlotillaError.is(error, "ERR_FLOTILLA_NOT_TRANSFERRED") ||
      FlotillaError.is(error, "ERR_FLOTILLA_CLOSED");
    if (!isPassing) crashed(error);
  };
}

function makeMachine({ world, view }: MemberStart): RegisterMachine {
  const { poison, registers, monitor } = world;
  const machine = new RegisterMachine((index, { id, path }, answer) => {
    poison.taste(index, [{ path }]);
    if (view.replaced) return;
    registers.applied(index, id, answer);
    if (index % digestEvery === 0) monitor.digest(view, index, machine.digest());
  });
  return machine;
}

function options(
  { world, host, id, join, observer }: MemberStart,
  stateMachine: RegisterMachine,
): RaftOptions {
  const { founders, access, plan } = world;
  const { config } = plan;
  return {
    host,
    id,
    cluster: access.cluster,
    ...(access.secret === undefined ? {} : { secret: encoder.encode(access.secret) }),
    ...(join === null ? { bootstrap: founders } : { join: true }),
    stateMachine,
    heartbeatMs: config.heartbeatMs,
    electionTimeoutMs: config.electionTimeoutMs,
    snapshotEntries: config.snapshotEntries,
    trailingEntries: config.trailingEntries,
    trailingBytes: config.trailingBytes,
    snapshotChunkBytes: config.snapshotChunkBytes,
    limits: config.limits,
    observer,
  };
}

function makeUsers(
  { world, host, id, life, view }: MemberStart,
  raft: RaftNode,
  machine: RegisterMachine,
): Users {
  const { plan, kernel, paths } = world;
  const count = plan.logAlone?.lanes ?? 0;
  const all = Array.from({ length: count }, (_, lane) => {
    const name = `${id}.${life}.${lane}`;
    return new RegisterUser({
      world,
      name,
      raft,
      machine,
      clock: host.clock,
      view,
      random: kernel.random(`user/${name}`),
      paths,
      thinkMs: plan.config.thinkMs,
    });
  });
  for (const user of all) user.start();
  return {
    get servedMs() {
      return Math.min(...all.map(({ servedMs }) => servedMs));
    },
    get isDone() {
      return all.every(({ isDone }) => isDone);
    },
    stop: () => {
      for (const user of all) user.stop();
    },
  };
}
