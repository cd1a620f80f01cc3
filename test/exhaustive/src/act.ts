import type { MemberChange, Message } from "@flotilla/raft";

/** A message on its way. */
export interface Parcel {
  readonly from: string;
  readonly to: string;
  readonly incarnation: string;
  readonly message: Message;
}

/** What happens to one member. */
export type Act =
  | { readonly type: "receive"; readonly parcel: Parcel }
  /** It has heard no leader for so long that it tries to lead. */
  | { readonly type: "timeout" }
  /** Others time out: as much time passes here as calls for nothing. */
  | { readonly type: "wait" }
  | { readonly type: "pass" }
  | { readonly type: "beat" }
  /** A leader has heard nobody for too long. */
  | { readonly type: "lapse" }
  /** From now on a write takes its time. */
  | { readonly type: "hold" }
  | { readonly type: "finish" }
  /** The process ends and starts again; `lost`: power failed, and the write under way is gone. */
  | { readonly type: "reboot"; readonly lost: boolean }
  | { readonly type: "wipe" }
  | { readonly type: "link"; readonly peer: string; readonly incarnation: string }
  | { readonly type: "propose"; readonly number: number }
  | { readonly type: "read"; readonly number: number }
  | { readonly type: "transfer"; readonly to: string }
  | { readonly type: "change"; readonly number: number; readonly changes: readonly MemberChange[] }
  | { readonly type: "snapshot" }
  | { readonly type: "install" };

/** A promise that was broken. */
export interface Violation {
  readonly invariant: string;
  readonly facts: unknown;
}
