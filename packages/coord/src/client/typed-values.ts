import type { Node, Stat } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { CreateOptions, Session, SetOptions, Written } from "./api.ts";
import { badArgument } from "./bad-argument.ts";
import type { Codec } from "./codecs.ts";
import type { PastOptions } from "./read-api.ts";
import { isObject } from "../given.ts";
import { unfit } from "./schema.ts";

/** A node with its value as an app works with it. */
export interface TypedNode<T> {
  readonly value: T;
  readonly stat: Stat;
}

/**
 * Nodes whose values go through a codec; the calls are those of a session, in the same order. What does not fit rejects
 * with `ERR_FLOTILLA_BAD_VALUE`, with `details.path` and the `details.issues`: before anything is sent, or in place of
 * what was read. A codec that takes its time has the write sent when it is done.
 */
export interface Values<In, Out = In> {
  /** Null when the node is absent. */
  get(path: string, options?: PastOptions): Promise<TypedNode<Out> | null>;
  create(path: string, value: In, options?: CreateOptions): Promise<Written>;
  set(path: string, value: In, options?: SetOptions): Promise<Written>;
  put(path: string, value: In, options?: SetOptions): Promise<Written>;
  /** The bytes of a value, for a `multi`. */
  encode(value: In): Promise<Uint8Array>;
  /** The value of a node, such as a watch tells of. */
  decode(node: Node): Promise<TypedNode<Out>>;
}

/** A class may be one, too. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
function requireCodec(codec: Partial<Codec<never, unknown>> | null | undefined): void {
  const { encode, decode } = codec ?? {};
  if (typeof encode !== "function" || typeof decode !== "function")
    throw badArgument("codec: expected encode and decode");
}

export class SessionValues<In, Out> implements Values<In, Out> {
  readonly #session: Session;
  readonly #codec: Codec<In, Out>;

  /** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
  constructor(session: Session, codec: Codec<In, Out>) {
    requireCodec(codec);
    this.#session = session;
    this.#codec = codec;
  }

  async get(path: string, options?: PastOptions): Promise<TypedNode<Out> | null> {
    const node = await this.#session.get(path, options);
    return node === null ? null : this.#read(node, path);
  }

  async create(path: string, value: In, options?: CreateOptions): Promise<Written> {
    const bytes = this.#write(value, path);
    return this.#session.create(path, bytes instanceof Promise ? await bytes : bytes, options);
  }

  async set(path: string, value: In, options?: SetOptions): Promise<Written> {
    const bytes = this.#write(value, path);
    return this.#session.set(path, bytes instanceof Promise ? await bytes : bytes, options);
  }

  async put(path: string, value: In, options?: SetOptions): Promise<Written> {
    const bytes = this.#write(value, path);
    return this.#session.put(path, bytes instanceof Promise ? await bytes : bytes, options);
  }

  async encode(value: In): Promise<Uint8Array> {
    return this.#write(value, null);
  }

  async decode(node: Node): Promise<TypedNode<Out>> {
    if (!isObject(node)) throw badArgument("node: expected one, as it was read");
    return this.#read(node, null);
  }

  /** At once when the codec is: writes stay in the order of their calls. */
  #write(value: In, path: string | null): Uint8Array | Promise<Uint8Array> {
    try {
      const bytes = this.#codec.encode(value);
      return bytes instanceof Promise ? bytes.catch((error: unknown) => refuse(error, path)) : bytes;
    } catch (error) {
      return refuse(error, path);
    }
  }

  async #read({ value, stat }: Node, path: string | null): Promise<TypedNode<Out>> {
    try {
      return { value: await this.#codec.decode(value), stat };
    } catch (error) {
      return refuse(error, path);
    }
  }
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_VALUE` naming the node, where it is known */
function refuse(error: unknown, path: string | null): never {
  const known = FlotillaError.is(error, "ERR_FLOTILLA_BAD_VALUE") ? error : unfit("codec", error);
  if (path === null) throw known;
  const { code, message, cause, details } = known;
  throw new FlotillaError(code, `${path}: ${message}`, { cause, details: { path, ...details } });
}
