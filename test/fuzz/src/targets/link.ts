import { linkProtocols, Peer, PeerLink } from "@flotilla/raft/parts";
import type { LinkKind, PeerMessage } from "@flotilla/raft/parts";
import { Broken } from "../report.ts";
import { incarnationOf } from "../view.ts";
import { judge } from "./codec.ts";
import { Ear } from "./ear.ts";
import { clock } from "./still-host.ts";

interface Line {
  readonly channel: Ear;
  readonly link: PeerLink;
}

/** The links to one peer: a frame is heard whole, or ends both with the reason and is not heard at all. */
export class LinkTarget {
  #heard = 0;
  #attempt = 0;
  #lines: readonly Line[] = [];
  readonly #peer: Peer = new Peer("a", {
    up: () => {},
    down: () => {},
    ended: () => {},
    receive: () => {
      this.#heard += 1;
    },
  });

  /** @throws Broken */
  say(frame: Uint8Array, kind: LinkKind): readonly PeerMessage[] | string {
    if (!this.#peer.isUp) this.#connect();
    const judged = judge(frame);
    const before = this.#heard;
    this.#lines.find(({ link }) => link.kind === kind)?.link.message(frame);
    const heard = this.#heard - before;
    if (typeof judged === "string") this.#expectEnded(frame, `bad frame: ${judged}`, heard);
    else if (heard !== judged.length || !this.#peer.isUp)
      throw new Broken("a sound frame was not heard whole", frame);
    return judged;
  }

  #expectEnded(frame: Uint8Array, reason: string, heard: number): void {
    if (heard > 0) throw new Broken("part of a bad frame was heard", frame);
    for (const { channel } of this.#lines)
      if (channel.closedWith !== reason)
        throw new Broken(`closed with ${channel.closedWith}, not with ${reason}`, frame);
    if (this.#peer.isUp) throw new Broken("the links still stand", frame);
  }

  #connect(): void {
    this.#attempt += 1;
    this.#lines = (["control", "bulk"] as const).map((kind) => {
      const channel = new Ear(linkProtocols[kind]);
      const link = new PeerLink(kind, channel, clock, this.#peer);
      this.#peer.attach(link, {
        incarnation: incarnationOf("a"),
        version: 0,
        life: 1,
        attempt: this.#attempt,
        level: 1,
      });
      return { channel, link };
    });
  }
}
