// The store of the page: what the server tells, by collection and key.

const RETRY = 2000;

/** May these two values be told apart? They come from JSON. */
function same(a, b) {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

export class Feed {
  #collections = new Map();
  #listeners = new Map();
  #watchers = new Set();
  #source = null;
  state = "connecting"; // "open", "lost" (it is tried again)
  ready = false; // has a snapshot been read?

  /** Read the feed of this address until the page is left. */
  connect(address) {
    this.#source = new EventSource(address);
    this.#source.addEventListener("open", () => this.#become("open"));
    this.#source.addEventListener("snapshot", (event) => this.#snapshot(JSON.parse(event.data)));
    this.#source.addEventListener("changes", (event) => this.apply(JSON.parse(event.data)));
    this.#source.addEventListener("error", () => {
      this.#become("lost");
      if (this.#source.readyState !== EventSource.CLOSED) return; // the browser tries again
      setTimeout(() => this.connect(address), RETRY);
    });
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.#announce();
  }

  #announce() {
    for (const watcher of this.#watchers) watcher(this.state);
  }

  /** Call `fn(state)` now, at each change of the connection and after each snapshot; gives what ends that. */
  watch(fn) {
    this.#watchers.add(fn);
    fn(this.state);
    return () => this.#watchers.delete(fn);
  }

  #snapshot(entries) {
    const keys = new Set(entries.map(([collection, key]) => `${collection} ${key}`));
    const removed = [];
    for (const [collection, values] of this.#collections) {
      for (const key of values.keys())
        if (!keys.has(`${collection} ${key}`)) removed.push([collection, key, null]);
    }
    this.apply([...removed, ...entries]);
    this.ready = true;
    this.#announce();
  }

  /** Take changes in, [[collection, key, value or null], …], and tell who listens what differs. */
  apply(entries) {
    const news = new Map();
    for (const [collection, key, value] of entries) {
      const values = this.all(collection);
      const before = values.get(key) ?? null;
      if (same(before, value)) continue;
      if (value === null) values.delete(key);
      else values.set(key, value);
      if (!news.has(collection)) news.set(collection, []);
      news.get(collection).push([key, value, before]);
    }
    for (const [collection, changes] of news) {
      for (const listener of [...(this.#listeners.get(collection) ?? [])]) this.#tell(listener, changes);
    }
  }

  #tell(listener, changes) {
    try {
      listener(changes);
    } catch (error) {
      reportError(error); // one part of the page that fails does not stop the others
    }
  }

  /** All values of a collection by key, in the order in which they came. */
  all(collection) {
    if (!this.#collections.has(collection)) this.#collections.set(collection, new Map());
    return this.#collections.get(collection);
  }

  get(collection, key) {
    return this.all(collection).get(key) ?? null;
  }

  /** Call `fn([[key, value or null, before or null], …])` now with all there is, then with changes. */
  subscribe(collection, fn) {
    if (!this.#listeners.has(collection)) this.#listeners.set(collection, new Set());
    this.#listeners.get(collection).add(fn);
    const values = [...this.all(collection)];
    if (values.length)
      this.#tell(
        fn,
        values.map(([key, value]) => [key, value, null]),
      );
    return () => this.#listeners.get(collection).delete(fn);
  }

  /** The same store for a part of the page that may go away. */
  scope() {
    return new Scope(this);
  }
}

/** A feed whose subscriptions and timers end together, with `close`. */
class Scope {
  #feed;
  #ends = [];
  #closed = false;

  constructor(feed) {
    this.#feed = feed;
  }

  get ready() {
    return this.#feed.ready;
  }

  all(collection) {
    return this.#feed.all(collection);
  }

  get(collection, key) {
    return this.#feed.get(collection, key);
  }

  subscribe(collection, fn) {
    if (!this.#closed) this.#ends.push(this.#feed.subscribe(collection, fn));
  }

  watch(fn) {
    if (!this.#closed) this.#ends.push(this.#feed.watch(fn));
  }

  /** Call `fn` now and every so many seconds. */
  every(seconds, fn) {
    if (this.#closed) return;
    fn();
    const timer = setInterval(fn, seconds * 1000);
    this.#ends.push(() => clearInterval(timer));
  }

  /** Call `end` when this scope is closed. */
  ending(end) {
    if (this.#closed) end();
    else this.#ends.push(end);
  }

  scope() {
    const inner = new Scope(this.#feed);
    this.ending(() => inner.close());
    return inner;
  }

  close() {
    this.#closed = true;
    for (const end of this.#ends.splice(0)) end();
  }
}
