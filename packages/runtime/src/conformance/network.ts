import assert from "node:assert/strict";
import type { Channel, Listener, ListenOptions, Network } from "../network.ts";
import type { ConformanceCase, World } from "./case.ts";
import { bytes, rejectsWith, text, throwsWith } from "./expect.ts";
import { Recorder } from "./recorder.ts";

/** Two hosts, or one that plays both, joined by links without faults. */
export interface NetworkSubject {
  readonly world: World;
  readonly server: Network;
  readonly client: Network;
  /** An address with port 0 that `server` can listen on and `client` can reach. */
  readonly listenAddress: string;
}

const maxFrameBytes = 64 * 1024;
const dialing = { protocol: "test-1", maxFrameBytes } as const;

interface Accepting {
  readonly listener: Listener;
  readonly accepted: { readonly channel: Channel; readonly heard: Recorder }[];
}

async function listen(
  subject: NetworkSubject,
  options: { address?: string } & Pick<ListenOptions, "maxChannels" | "reserved"> = {},
): Promise<Accepting> {
  const accepted: { channel: Channel; heard: Recorder }[] = [];
  const listener = await subject.world.until(
    subject.server.listen(
      {
        address: subject.listenAddress,
        protocols: ["test-1", "test-2"],
        maxFrameBytes,
        ...options,
      },
      (channel) => {
        const heard = new Recorder();
        channel.handle(heard);
        accepted.push({ channel, heard });
      },
    ),
  );
  return { listener, accepted };
}

async function dial(
  subject: NetworkSubject,
  address: string,
  protocol = "test-1",
): Promise<[Channel, Recorder]> {
  const heard = new Recorder();
  const dialed = subject.client.dial(address, { protocol, maxFrameBytes }).then((channel) => {
    channel.handle(heard);
    return channel;
  });
  return [await subject.world.until(dialed), heard];
}

async function close(subject: NetworkSubject, listener: Listener): Promise<void> {
  await subject.world.until(listener.close());
}

/** What every `Network` keeps for channels. What channels keep is in `channelConformance`. */
export const networkConformance: readonly ConformanceCase<NetworkSubject>[] = [
  {
    name: "a dialer reaches a listener by its bound address, under the protocol it asked for",
    async run(subject) {
      const { listener, accepted } = await listen(subject);
      assert.ok(!listener.address.endsWith(":0"));
      const [channel, heard] = await dial(subject, listener.address, "test-2");
      channel.send(bytes("ping"));
      await subject.world.until(
        new Promise<void>((resolve) => pollUntil(subject, () => accepted.length === 1, resolve)),
      );
      const there = accepted[0];
      assert.ok(there !== undefined);
      await subject.world.until(there.heard.received(1));
      there.channel.send(bytes("pong"));
      await subject.world.until(heard.received(1));
      assert.equal(text(there.heard.frames[0]), "ping");
      assert.equal(text(heard.frames[0]), "pong");
      assert.deepEqual([channel.protocol, there.channel.protocol], ["test-2", "test-2"]);
      assert.ok(channel.remoteAddress.length > 0 && there.channel.remoteAddress.length > 0);
      await close(subject, listener);
    },
  },
  {
    name: "what the listener sends at once waits until the dialer handles it",
    async run(subject) {
      const { world, server, client, listenAddress } = subject;
      const listener = await world.until(
        server.listen({ address: listenAddress, protocols: ["test-1"], maxFrameBytes }, (channel) => {
          channel.handle(new Recorder());
          channel.send(bytes("hello"));
          channel.close("bye");
        }),
      );
      const heard = new Recorder();
      await world.until(client.dial(listener.address, dialing).then((channel) => channel.handle(heard)));
      const end = await world.until(heard.ended());
      assert.deepEqual(heard.frames.map(text), ["hello"]);
      assert.equal(end?.reason, "bye");
      await close(subject, listener);
    },
  },
  {
    name: "a protocol the listener does not speak is refused",
    async run(subject) {
      const { listener, accepted } = await listen(subject);
      await rejectsWith(dial(subject, listener.address, "test-3"), "ERR_FLOTILLA_UNREACHABLE");
      assert.equal(accepted.length, 0);
      await close(subject, listener);
    },
  },
  {
    name: "dialing where nobody listens fails as unreachable",
    async run(subject) {
      const { listener } = await listen(subject);
      await close(subject, listener);
      await rejectsWith(dial(subject, listener.address), "ERR_FLOTILLA_UNREACHABLE");
    },
  },
  {
    name: "an aborted dial rejects with the signal's reason",
    async run(subject) {
      const { world, client } = subject;
      const { listener } = await listen(subject);
      const reason = new Error("changed my mind");
      const early = client.dial(listener.address, {
        ...dialing,
        signal: AbortSignal.abort(reason),
      });
      await assert.rejects(world.until(early), reason);
      const controller = new AbortController();
      const late = client.dial(listener.address, { ...dialing, signal: controller.signal });
      controller.abort(reason);
      await assert.rejects(world.until(late), reason);
      await close(subject, listener);
    },
  },
  {
    name: "a signal aborted after the dial leaves the channel alone",
    async run(subject) {
      const { world, client } = subject;
      const { listener, accepted } = await listen(subject);
      const controller = new AbortController();
      const heard = new Recorder();
      const channel = await world.until(
        client.dial(listener.address, { ...dialing, signal: controller.signal }).then((dialed) => {
          dialed.handle(heard);
          return dialed;
        }),
      );
      controller.abort();
      channel.send(bytes("still here"));
      await world.until(
        new Promise<void>((resolve) => pollUntil(subject, () => accepted.length === 1, resolve)),
      );
      await world.until(accepted[0]?.heard.received(1) ?? Promise.reject(new Error("not accepted")));
      assert.ok(channel.isOpen);
      await close(subject, listener);
    },
  },
  {
    name: "a port in use is refused",
    async run(subject) {
      const { listener } = await listen(subject);
      await rejectsWith(listen(subject, { address: listener.address }), "ERR_FLOTILLA_ADDRESS_IN_USE");
      await close(subject, listener);
    },
  },
  {
    name: "an address that is none is refused",
    async run(subject) {
      for (const address of ["", "nonsense", "host:port", "host:70000", ":80", "a b:80"]) {
        await rejectsWith(listen(subject, { address }), "ERR_FLOTILLA_BAD_ADDRESS");
      }
    },
  },
  {
    name: "closing the listener ends what it accepted and frees the port; closing again is harmless",
    async run(subject) {
      const first = await listen(subject);
      const [, heard] = await dial(subject, first.listener.address);
      await close(subject, first.listener);
      await close(subject, first.listener);
      const end = await subject.world.until(heard.ended());
      assert.equal(end?.cause, "closed");
      assert.equal(end.remote, true);
      const second = await listen(subject, { address: first.listener.address });
      const [channel] = await dial(subject, second.listener.address);
      assert.ok(channel.isOpen);
      await close(subject, second.listener);
    },
  },
  {
    name: "once the listener is closed, every handler of what it accepted heard the end, and how its own side ended it",
    async run(subject) {
      const { listener, accepted } = await listen(subject);
      await dial(subject, listener.address);
      await dial(subject, listener.address);
      const ends = (): unknown[] => accepted.map((each) => each.heard.ends);
      const atClose = await subject.world.until(listener.close().then(ends));
      const end = { cause: "closed", remote: false, reason: "the listener closed" };
      assert.deepEqual(atClose, [[end], [end]]);
    },
  },
  {
    name: "channels above maxChannels are refused until one ends",
    async run(subject) {
      const { world } = subject;
      const { listener, accepted } = await listen(subject, { maxChannels: 2 });
      const [first] = await dial(subject, listener.address);
      await dial(subject, listener.address);
      await rejectsWith(dial(subject, listener.address), "ERR_FLOTILLA_UNREACHABLE");
      assert.equal(accepted.length, 2);
      first.close();
      await world.until(accepted[0]?.heard.ended() ?? Promise.reject(new Error("not accepted")));
      const [third] = await dial(subject, listener.address);
      assert.ok(third.isOpen);
      await close(subject, listener);
    },
  },
  {
    name: "channels of a reserved protocol are let in on top, whoever fills the others",
    async run(subject) {
      const reserved = { protocols: ["test-2"], channels: 1 };
      const { listener } = await listen(subject, { maxChannels: 2, reserved });
      await dial(subject, listener.address);
      await dial(subject, listener.address);
      await rejectsWith(dial(subject, listener.address), "ERR_FLOTILLA_UNREACHABLE");
      const [kept] = await dial(subject, listener.address, "test-2");
      assert.ok(kept.isOpen);
      await rejectsWith(dial(subject, listener.address, "test-2"), "ERR_FLOTILLA_UNREACHABLE");
      await rejectsWith(dial(subject, listener.address), "ERR_FLOTILLA_UNREACHABLE");
      await close(subject, listener);
    },
  },
];

/** Resolves once `ready` holds, looking again after everything under way arrived. */
function pollUntil(subject: NetworkSubject, ready: () => boolean, resolve: () => void): void {
  if (ready()) resolve();
  else void subject.world.settle().then(() => pollUntil(subject, ready, resolve));
}

/** What every `Network` keeps for datagrams, on links that lose nothing. */
export const datagramConformance: readonly ConformanceCase<NetworkSubject>[] = [
  {
    name: "a message arrives with a sender address that can be answered",
    async run({ world, server, client, listenAddress }) {
      const answered = new Recorder();
      const there = await world.until(
        server.datagrams(listenAddress, (from, message) => {
          there.send(from, bytes(`echo ${text(message)}`));
        }),
      );
      const here = await world.until(
        client.datagrams(listenAddress, (_from, message) => answered.message(message)),
      );
      here.send(there.address, bytes("hello"));
      await world.until(answered.received(1));
      assert.equal(text(answered.frames[0]), "echo hello");
      await world.until(Promise.all([here.close(), there.close()]));
    },
  },
  {
    name: "1,200 bytes pass, more are refused",
    async run({ world, server, client, listenAddress }) {
      const heard = new Recorder();
      const there = await world.until(
        server.datagrams(listenAddress, (_from, message) => heard.message(message)),
      );
      const here = await world.until(client.datagrams(listenAddress, () => {}));
      here.send(there.address, new Uint8Array(1200).fill(7));
      await world.until(heard.received(1));
      assert.equal(heard.frames[0]?.length, 1200);
      throwsWith(() => here.send(there.address, new Uint8Array(1201)), "ERR_FLOTILLA_TOO_LARGE");
      await world.until(Promise.all([here.close(), there.close()]));
    },
  },
  {
    name: "a target that cannot be reached, or is no address, is silently lost",
    async run({ world, client, listenAddress }) {
      const gone = await world.until(client.datagrams(listenAddress, () => {}));
      const here = await world.until(client.datagrams(listenAddress, () => {}));
      await world.until(gone.close());
      here.send(gone.address, bytes("anyone?"));
      here.send("nonsense", bytes("anyone?"));
      await world.settle();
      await world.until(here.close());
      await world.until(here.close());
      here.send(gone.address, bytes("after close"));
    },
  },
  {
    name: "a datagram port in use is refused",
    async run({ world, server, listenAddress }) {
      const first = await world.until(server.datagrams(listenAddress, () => {}));
      await rejectsWith(
        world.until(server.datagrams(first.address, () => {})),
        "ERR_FLOTILLA_ADDRESS_IN_USE",
      );
      await world.until(first.close());
    },
  },
];
