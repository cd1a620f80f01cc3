import { isPath, isWithin, limits, validatePath } from "@flotilla/kv";
import { FlotillaError, invariant } from "@flotilla/runtime";
import { isObject } from "../given.ts";
import type { Fence, MultiItem, MultiOptions } from "./api.ts";

/** What of an operation decides where it is. */
type Placed = Pick<MultiItem, "type" | "path"> & { readonly sequential?: boolean | undefined };

/** Paths as they are below a root, and as they are in the whole tree. */
export class Namespace {
  readonly root: string;

  /** @throws FlotillaError `ERR_FLOTILLA_BAD_PATH` */
  constructor(root: string) {
    validatePath(root);
    this.root = root;
  }

  /**
   * Where a path is in the tree. What is no path stays what it is, and is refused for that.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_PATH` for one that is too long there
   */
  outer(path: string): string {
    if (!isPath(path)) return path;
    return path === "/" ? this.root : this.#below(path, path);
  }

  /**
   * Where an operation takes place.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_PATH`
   */
  outerOf({ type, path, sequential }: Placed): string {
    // As every root it stays.
    if (type === "delete" && path === "/") return path;
    // A counter is appended: only with it, it is a path.
    if (type === "create" && sequential === true)
      return typeof path === "string" && isPath(`${path}0`) ? this.#below(path, `${path}0`) : path;
    return this.outer(path);
  }

  /** Where something in the tree is below the root. */
  inner(path: string): string {
    if (path === this.root) return "/";
    invariant(path.startsWith(`${this.root}/`), "WithinNamespace", { path, root: this.root });
    return path.slice(this.root.length);
  }

  fence(fence: Fence): Fence {
    return isObject(fence) ? { ...fence, path: this.outer(fence.path) } : fence;
  }

  items<I extends MultiItem>(items: readonly I[]): readonly I[] {
    return Array.isArray(items) ? items.map((item: I) => this.#item(item)) : items;
  }

  multiOptions(options: MultiOptions): MultiOptions {
    if (!isObject(options)) return options;
    return {
      ...options,
      ...(options.if === undefined ? {} : { if: this.items(options.if) }),
      ...(options.else === undefined ? {} : { else: this.items(options.else) }),
    };
  }

  /** Does a call, about one path of one's own or about others; what it throws names no path outside. */
  async told<T>(path: string | null, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw this.retold(error, path);
    }
  }

  /** What a call about a path of one's own threw, as it is seen from below. */
  retold(error: unknown, path: string | null): unknown {
    if (!FlotillaError.is(error)) return error;
    const { message: own, details } = this.#budgeted(error);
    // What a call is about stands first in its message.
    const message = typeof path === "string" ? own.replace(this.#named(path), () => path) : own;
    if (message === error.message && details === error.details) return error;
    const { code, cause, ambiguous } = error;
    return new FlotillaError(code, message, { cause, ambiguous, details });
  }

  #item<I extends MultiItem>(item: I): I {
    return isObject(item) ? { ...item, path: this.outerOf(item) } : item;
  }

  /** @param longest the path, with what the tree appends to it */
  #below(path: string, longest: string): string {
    const isShort = (this.root.length + longest.length) * 3 <= limits.pathBytes;
    if (isShort || isPath(`${this.root}${longest}`)) return `${this.root}${path}`;
    const shown = JSON.stringify(path.slice(0, 100));
    throw new FlotillaError(
      "ERR_FLOTILLA_BAD_PATH",
      `too long a path below the root of its namespace: ${shown}`,
    );
  }

  #named(path: string): string {
    return path === "/" ? this.root : `${this.root}${path}`;
  }

  /** A budget as it is seen from below; of one above, only that there is one. */
  #budgeted({ message, details }: FlotillaError): Pick<FlotillaError, "message" | "details"> {
    const { budget } = details;
    if (!isObject(budget) || !("path" in budget) || typeof budget.path !== "string")
      return { message, details };
    const path = isWithin(budget.path, this.root) ? this.inner(budget.path) : null;
    const named = path === null ? "a budget above" : `the budget of ${path}`;
    return {
      message: message.replace(`the budget of ${budget.path} `, () => `${named} `),
      details: { ...details, budget: { ...budget, path } },
    };
  }
}
