import type { ConformanceCase } from "@flotilla/runtime/conformance";
import type { Channel, ChannelHandler, Store } from "@flotilla/runtime";
import {
  channelConformance,
  clockConformance,
  datagramConformance,
  filesConformance,
  networkConformance,
  randomConformance,
  storeConformance,
} from "@flotilla/runtime/conformance";
import type { ChannelPair } from "@flotilla/runtime/conformance";
import { realClock, realDisk, realNetwork, realRandom } from "@flotilla/runtime/real";
import { describe, test } from "vitest";
import { openLevelStore } from "../../src/real/open-level-store.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { realWorld as world } from "./world.ts";

function suite<S>(
  name: string,
  cases: readonly ConformanceCase<S>[],
  withSubject: (run: (subject: S) => Promise<void>) => Promise<void>,
): void {
  describe(name, () => {
    test.each(cases)("$name", { timeout: 60_000 }, (one) => withSubject((subject) => one.run(subject)));
  });
}

async function connect(
  address: string,
  near: ChannelHandler,
  far: ChannelHandler,
  maxFrameBytes: number,
): Promise<ChannelPair> {
  const network = realNetwork();
  const accepted = new Promise<Channel>((resolve, reject) => {
    const options = { address, protocols: ["test-1"], maxFrameBytes };
    const listening = network.listen(options, (channel) => {
      channel.handle({
        message: (frame) => far.message(frame),
        end: (end) => {
          far.end(end);
          void listening.then((listener) => listener.close());
        },
      });
      resolve(channel);
    });
    void listening.then(async (listener) => {
      const channel = await network.dial(listener.address, { protocol: "test-1", maxFrameBytes });
      channel.handle(near);
      dialed.push(channel);
    }, reject);
  });
  const dialed: Channel[] = [];
  const farChannel = await accepted;
  while (dialed[0] === undefined) await world.settle();
  return { near: dialed[0], far: farChannel };
}

suite("real clock", clockConformance, (run) => run({ world, clock: realClock() }));
suite("real random", randomConformance, (run) => run({ random: realRandom() }));
suite("real datagrams", datagramConformance, (run) =>
  run({ world, server: realNetwork(), client: realNetwork(), listenAddress: "127.0.0.1:0" }),
);
suite("real network", networkConformance, (run) =>
  run({ world, server: realNetwork(), client: realNetwork(), listenAddress: "127.0.0.1:0" }),
);
suite("real channel, dialing side near", channelConformance, (run) =>
  run({ world, connect: (near, far, max) => connect("127.0.0.1:0", near, far, max) }),
);
suite("real channel, accepting side near", channelConformance, (run) =>
  run({
    world,
    async connect(near, far, max) {
      const pair = await connect("127.0.0.1:0", far, near, max);
      return { near: pair.far, far: pair.near };
    },
  }),
);
suite("real files", filesConformance, async (run) => {
  await using directory = await temporaryDirectory();
  await run({ world, files: realDisk(directory.path).files });
});
suite("real store", storeConformance, async (run) => {
  await using directory = await temporaryDirectory();
  let sabotage: (() => void) | undefined;
  async function open(): Promise<Store> {
    const { db, store } = await openLevelStore(`${directory.path}/log`);
    sabotage = () => {
      db.batch = () => {
        throw new Error("no space left on device");
      };
    };
    return store;
  }
  await run({ world, open, failNextWrite: () => sabotage?.() });
});
